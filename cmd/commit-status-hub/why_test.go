package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/hub"
	"github.com/argoproj-labs/commit-status-hub/hub/web"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

const (
	sha = "1f0c7d4b1e0a5c1f3e2d4b6a798f0e1d2c3b4a59"
	// inHub is a CommitStatus that the fleet page knows, and loud what its member says.
	inHub = "prod-eu/team-a/shop"
	loud  = "\x1b[2Jloud"
)

// fleetPage is a fleet page that knows one commit.
func fleetPage() http.Handler {
	claim := web.Object{
		ID: inHub, Repo: "github.com/acme/shop", SHA: sha, Name: "hydrated", Phase: "success", Ready: "False", Reason: "Denied", Message: loud,
		Path: "/commits/github.com/acme/shop/" + sha,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/search", func(w http.ResponseWriter, r *http.Request) {
		page := web.SearchPage{Results: []web.Object{}}
		if q := r.URL.Query().Get("q"); q != "" && strings.Contains(claim.ID+" "+claim.SHA, q) {
			page.Results, page.Total = append(page.Results, claim), 1
		}
		_ = json.NewEncoder(w).Encode(page)
	})
	mux.HandleFunc("GET /api/v1"+claim.Path, func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(web.CommitPage{
			Hub: web.Hub{Leader: true}, Repo: claim.Repo, SHA: claim.SHA, Path: claim.Path, Total: 1,
			Names: []web.Name{{Name: claim.Name, Certain: true, Claims: []web.Object{claim}, ClaimsTotal: 1}},
		})
	})
	mux.HandleFunc("GET /api/", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_ = json.NewEncoder(w).Encode(web.Failure{Error: "No CommitStatus in any member is about that commit."})
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") })
	return mux
}

// hubWithAPage runs a control plane with a pod that leads, and returns a kubeconfig for it.
func hubWithAPage(t *testing.T) string {
	t.Helper()
	cluster := start(t)
	g := NewWithT(t)
	page := httptest.NewServer(fleetPage())
	t.Cleanup(page.Close)
	g.Expect(cluster.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})).To(Succeed())
	kubelet, err := cluster.StartKubelet(t.Context(), "node")
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(kubelet.Close)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "hub-1"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "hub", Image: "hub", Args: []string{"run", "--web-bind-address=127.0.0.1:9000"}}}},
	}
	g.Expect(kubelet.Run(t.Context(), pod, map[int32]string{9000: page.Listener.Addr().String()})).To(Succeed())
	holder := "hub-1_fc2b2a94-6d1e-4d0f-8f3e-0d1c2b3a4958"
	g.Expect(cluster.Client.Create(t.Context(), &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: hub.LeaseName},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &holder},
	})).To(Succeed())
	return kubeconfigOf(t, cluster)
}

func kubeconfigOf(t *testing.T, cluster *clusters.Cluster) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	NewWithT(t).Expect(os.WriteFile(file, cluster.Kubeconfig(), 0o600)).To(Succeed())
	return file
}

// outcome executes a command line, and returns its exit status and what it prints.
func outcome(ctx context.Context, args ...string) (code int, out, errors string) {
	var stdout, stderr bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	code = execute(ctx, root, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestWhy_AsksTheLeader(t *testing.T) {
	g := NewWithT(t)
	file := hubWithAPage(t)
	for _, asked := range []string{inHub, "1f0c7d4", "acme/shop@1f0c7d4", "http://127.0.0.1:8082/commits/github.com/acme/shop/" + sha} {
		code, out, errors := outcome(t.Context(), "why", asked, "--kubeconfig", file, "--hub-context", "default")
		g.Expect(code).To(Equal(0), errors)
		g.Expect(out).To(And(ContainSubstring("github.com/acme/shop  "+sha+"\n"), ContainSubstring("✗ Denied  "+inHub), ContainSubstring(" [2Jloud"), Not(ContainSubstring("\x1b"))))
		g.Expect(errors).To(BeEmpty())
	}
	code, out, errors := outcome(t.Context(), "why", "0000000", "--kubeconfig", file, "--context", "default", "--namespace", namespace)
	g.Expect(code).To(Equal(1))
	g.Expect(errors).To(HavePrefix("commit-status-hub: nothing is known of commit 0000000"))
	g.Expect(out).To(BeEmpty())
	code, _, errors = outcome(t.Context(), "why", "0000000", "--kubeconfig", file, "--namespace", "elsewhere")
	g.Expect(code).To(Equal(1))
	g.Expect(errors).To(ContainSubstring("namespace elsewhere has no Lease"))
}

func TestWhy_AsksAServer(t *testing.T) {
	g := NewWithT(t)
	server := httptest.NewServer(fleetPage())
	defer server.Close()
	code, out, errors := outcome(t.Context(), "why", sha, "--server", server.URL, "-o", "json")
	g.Expect(code).To(Equal(0), errors)
	var page web.CommitPage
	g.Expect(json.Unmarshal([]byte(out), &page)).To(Succeed())
	g.Expect(page.Names[0].Claims[0].Message).To(Equal(loud))
}

func TestWhy_RefusesWhatMakesNoSense(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no argument":      {nil, "accepts 1 arg"},
		"not a commit":     {[]string{"shop"}, `"shop" is not a commit`},
		"another format":   {[]string{sha, "-o", "yaml"}, `no format "yaml": choose text or json`},
		"no such token":    {[]string{sha, "--token-file", "/nowhere"}, "reading the token"},
		"a CA for nobody":  {[]string{sha, "--certificate-authority", "x"}, "is for --server"},
		"two ways":         {[]string{sha, "--server", "http://127.0.0.1:1", "--namespace", "x"}, "none of the others can be"},
		"a token in clear": {[]string{sha, "--server", "http://hub.example.com", "--token-file", "why_test.go"}, "holds no token"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errors := outcome(t.Context(), append([]string{"why"}, c.args...)...)
			NewWithT(t).Expect(errors).To(ContainSubstring(c.want))
			NewWithT(t).Expect(code).To(Equal(1))
		})
	}
}

func TestDashboard_EndsWellWithCtrlC(t *testing.T) {
	g := NewWithT(t)
	file := hubWithAPage(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	opened, ended := make(chan string, 1), make(chan error, 1)
	var out bytes.Buffer
	cmd := newDashboard(func(_ context.Context, url string) error { opened <- url; return nil })
	cmd.SetArgs([]string{"--kubeconfig", file, "--port", "0"})
	cmd.SetOut(&out)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	var url string
	g.Eventually(opened).WithTimeout(time.Minute).Should(Receive(&url))
	code, text, errors := outcome(t.Context(), "why", inHub, "--server", url)
	g.Expect(code).To(Equal(0), errors)
	g.Expect(text).To(ContainSubstring(inHub))
	interrupt()
	g.Eventually(ended).WithTimeout(time.Minute).Should(Receive(BeNil()))
	g.Expect(out.String()).To(ContainSubstring("from pod hub-1, which leads: " + url))
}

func TestDashboard_OpensNoBrowserIfNotAskedTo(t *testing.T) {
	g := NewWithT(t)
	file := hubWithAPage(t)
	ctx, interrupt := context.WithCancel(t.Context())
	out := &printed{interrupt: interrupt}
	cmd := newDashboard(func(context.Context, string) error { t.Error("a browser is opened"); return nil })
	cmd.SetArgs([]string{"--kubeconfig", file, "--no-browser"})
	cmd.SetOut(out)
	g.Expect(cmd.ExecuteContext(ctx)).To(Succeed())
	g.Expect(out.text.String()).To(ContainSubstring("http://127.0.0.1:"))
}

// printed interrupts a command when it has printed something.
type printed struct {
	text      bytes.Buffer
	interrupt func()
}

// Write implements io.Writer.
func (p *printed) Write(text []byte) (int, error) {
	defer p.interrupt()
	return p.text.Write(text)
}

func TestDashboard_RefusesWhatMakesNoSense(t *testing.T) {
	for _, args := range [][]string{{"--port", "65536"}, {"--port", "-1"}, {"prod-eu"}, {"--kubeconfig", "/nowhere"}} {
		code, _, errors := outcome(t.Context(), append([]string{"dashboard"}, args...)...)
		NewWithT(t).Expect(code).To(Equal(1), "%v", args)
		NewWithT(t).Expect(errors).NotTo(BeEmpty())
	}
}

func TestOpenBrowser_StartsThePersonsBrowser(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	got := filepath.Join(dir, "got")
	script := "#!/bin/sh\nprintf %s \"$1\" >" + got + ".new && mv " + got + ".new " + got + "\n"
	for _, name := range []string{"xdg-open", "open"} {
		g.Expect(os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700)).To(Succeed())
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	g.Expect(openBrowser(t.Context(), "http://127.0.0.1:8082/")).To(Succeed())
	g.Eventually(func() (string, error) { text, err := os.ReadFile(got); return string(text), err }).
		WithTimeout(time.Minute).Should(Equal("http://127.0.0.1:8082/"))

	t.Setenv("PATH", t.TempDir())
	g.Expect(openBrowser(t.Context(), "http://127.0.0.1:8082/")).To(MatchError(ContainSubstring("not found")))
}

func TestPageCommands_ShowHowTheyAreUsed(t *testing.T) {
	for _, name := range []string{"why", "dashboard"} {
		g := NewWithT(t)
		code, out, _ := outcome(t.Context(), name, "--help")
		g.Expect(code).To(Equal(0))
		g.Expect(out).To(And(ContainSubstring("commit-status-hub "+name), ContainSubstring("--context"), ContainSubstring("--kubeconfig"), ContainSubstring("--namespace")))
	}
}
