package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs/onboard"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

const namespace = "commit-status-system"

// call runs a command line, and returns what it prints.
func call(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := newRoot()
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func start(t *testing.T) *clusters.Cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a control plane")
	}
	g := NewWithT(t)
	cluster, err := clusters.Start(t.Context(), clusters.WithoutCRDs())
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(cluster.Stop()).To(Succeed()) })
	return cluster
}

// contextsOf writes a kubeconfig with a context for each cluster; hub is the current one.
func contextsOf(t *testing.T, members map[string]*clusters.Cluster) string {
	t.Helper()
	g := NewWithT(t)
	all := clientcmdapi.NewConfig()
	all.CurrentContext = "hub"
	for name, cluster := range members {
		one, err := clientcmd.Load(cluster.Kubeconfig())
		g.Expect(err).NotTo(HaveOccurred())
		all.Clusters[name], all.AuthInfos[name] = one.Clusters["default"], one.AuthInfos["default"]
		all.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	}
	// The CA is a file, as many tools write it.
	ca := filepath.Join(t.TempDir(), "ca.crt")
	g.Expect(os.WriteFile(ca, all.Clusters["prod"].CertificateAuthorityData, 0o600)).To(Succeed())
	all.Clusters["prod"].CertificateAuthorityData, all.Clusters["prod"].CertificateAuthority = nil, ca
	file := filepath.Join(t.TempDir(), "kubeconfig")
	g.Expect(clientcmd.WriteToFile(*all, file)).To(Succeed())
	return file
}

func TestTheLifeOfAMemberByCommands(t *testing.T) {
	g := NewWithT(t)
	hub, prod := start(t), start(t)
	t.Setenv("KUBECONFIG", contextsOf(t, map[string]*clusters.Cluster{"hub": hub, "prod": prod}))
	g.Expect(hub.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})).To(Succeed())
	secret := &corev1.Secret{}
	key := client.ObjectKey{Namespace: namespace, Name: "prod-eu"}

	preview, err := call(t, "cluster", "add", "prod-eu", "--context", "prod", "--crds", "--dry-run", "-o", "yaml")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(preview).To(And(
		ContainSubstring("kind: CustomResourceDefinition"), ContainSubstring("kind: ClusterRoleBinding"),
		ContainSubstring("    users:\n    - name: hub\n      user:\n        token: TOKEN\n")))
	g.Expect(apierrors.IsNotFound(hub.Client.Get(t.Context(), key, secret))).To(BeTrue())
	g.Expect(apierrors.IsNotFound(prod.Client.Get(t.Context(), client.ObjectKey{Name: namespace}, &corev1.Namespace{}))).To(BeTrue())

	said, err := call(t, "cluster", "add", "prod-eu", "--context", "prod", "--crds", "--token-duration", "1h")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(said).To(ContainSubstring("Next: commit-status-hub cluster check prod-eu;"))
	g.Expect(hub.Client.Get(t.Context(), key, secret)).To(Succeed())
	kubeconfig, err := clientcmd.Load(secret.Data["kubeconfig"])
	g.Expect(err).NotTo(HaveOccurred())
	token := kubeconfig.AuthInfos["hub"].Token
	g.Expect(token).NotTo(BeEmpty())
	g.Expect(said).NotTo(ContainSubstring(token))

	listed, err := call(t, "cluster", "list", "--output", "json")
	g.Expect(err).NotTo(HaveOccurred())
	var list struct{ Members []map[string]string }
	g.Expect(json.Unmarshal([]byte(listed), &list)).To(Succeed())
	g.Expect(list.Members).To(ConsistOf(And(HaveKeyWithValue("name", "prod-eu"), HaveKeyWithValue("state", "unknown"), HaveKey("credentialExpiry"))))

	g.Eventually(func() error { _, err := call(t, "cluster", "check", "prod-eu"); return err }).WithTimeout(30e9).Should(Succeed())
	g.Expect(prod.Client.Delete(t.Context(), &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "commit-status-hub"}})).To(Succeed())
	g.Eventually(func() error { _, err := call(t, "cluster", "check", "prod-eu"); return err }).WithTimeout(30e9).
		Should(MatchError("prod-eu: 11 of 15 are not as the hub needs them"))
	checked, err := call(t, "cluster", "check", "prod-eu")
	g.Expect(err).To(HaveOccurred())
	g.Expect(strings.Count(checked, "commit-status-hub cluster add")).To(Equal(1))
	checked, err = call(t, "cluster", "check", "prod-eu", "-o", "json")
	g.Expect(err).To(MatchError("prod-eu: 11 of 15 are not as the hub needs them"))
	var report onboard.CheckReport
	g.Expect(json.Unmarshal([]byte(checked), &report)).To(Succeed())
	g.Expect(report.Bad()).To(Equal(11))
	checked, err = call(t, "cluster", "check", "prod", "-o", "json")
	g.Expect(err).To(MatchError(HaveSuffix("its members are prod-eu")))
	g.Expect(json.Unmarshal([]byte(checked), &report)).To(Succeed())
	g.Expect(report.Error).To(Equal(err.Error()))
	for _, command := range [][]string{{"list"}, {"check", "prod-eu"}} {
		_, err = call(t, append([]string{"cluster"}, append(command, "-o", "xml")...)...)
		g.Expect(err).To(MatchError(ContainSubstring(`there is no format "xml"`)))
	}

	_, err = call(t, "cluster", "add", "prod-eu", "--context", "prod", "--namespaces", "default")
	g.Expect(err).NotTo(HaveOccurred())
	_, err = call(t, "cluster", "add", "prod-eu", "--context", "prod")
	g.Expect(err).To(MatchError(ContainSubstring("say --namespaces default again")))
	said, err = call(t, "cluster", "add", "prod-eu", "--context", "prod", "--namespaces=")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(said).To(ContainSubstring("in all namespaces"))

	completed, err := call(t, "__complete", "cluster", "check", "")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(completed).To(HavePrefix("prod-eu\n"))
	completed, err = call(t, "__complete", "cluster", "add", "x", "--context", "")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(completed).To(HavePrefix("hub\nprod\n"))

	_, err = call(t, "cluster", "add", "hub", "--context", "hub")
	g.Expect(err).To(MatchError(ContainSubstring("serves its own")))
	said, err = call(t, "cluster", "remove", "prod-eu", "--context", "prod")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(said).To(ContainSubstring("ServiceAccount commit-status-system/commit-status-hub"))
	g.Expect(apierrors.IsNotFound(hub.Client.Get(t.Context(), key, secret))).To(BeTrue())
	_, err = call(t, "cluster", "check", "prod-eu")
	g.Expect(err).To(MatchError(ContainSubstring("not found")))
}

func TestContextsThatTheHubCouldNotTrustAreRefused(t *testing.T) {
	config := clientcmdapi.NewConfig()
	config.CurrentContext = "hub"
	for name, cluster := range map[string]*clientcmdapi.Cluster{
		"insecure": {Server: "https://a", InsecureSkipTLSVerify: true},
		"http":     {Server: "http://a"},
		"no-ca":    {Server: "https://a"},
	} {
		config.Clusters[name] = cluster
		config.Contexts[name] = &clientcmdapi.Context{Cluster: name}
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	NewWithT(t).Expect(clientcmd.WriteToFile(*config, file)).To(Succeed())
	for name, c := range map[string]struct {
		args []string
		why  string
	}{
		"insecure":      {[]string{"--context", "insecure"}, "insecure-skip-tls-verify"},
		"http":          {[]string{"--context", "http"}, "must be https"},
		"no CA":         {[]string{"--context", "no-ca"}, "no certificate-authority"},
		"no context":    {nil, `"context" not set`},
		"none of those": {[]string{"--context", "other"}, `no context "other"`},
		"two tokens":    {[]string{"--context", "no-ca", "--static-token", "--token-duration=1h"}, "none of the others can be"},
		"a format":      {[]string{"--context", "no-ca", "--dry-run", "-o", "xml"}, `"xml"`},
		"output only":   {[]string{"--context", "no-ca", "-o", "yaml"}, "--dry-run"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := call(t, append([]string{"cluster", "add", "prod-eu", "--kubeconfig", file}, c.args...)...)
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring(c.why)))
		})
	}
}

func TestEveryClusterCommandShowsHowItIsUsed(t *testing.T) {
	for _, command := range newCluster().Commands() {
		g := NewWithT(t)
		g.Expect(command.Example).To(ContainSubstring("commit-status-hub cluster "+command.Name()), command.Name())
		g.Expect(command.InheritedFlags().Lookup("hub-context")).NotTo(BeNil())
	}
}
