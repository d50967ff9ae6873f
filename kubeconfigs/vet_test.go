package kubeconfigs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"reflect"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// keyPair makes a self-signed certificate and its key, in PEM.
func keyPair(t testing.TB) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}

// good is a kubeconfig with which nothing is wrong.
func good() *clientcmdapi.Config {
	return &clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"c": {Server: "https://member.example.com:6443"}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"u": {Token: "token"}},
		Contexts:       map[string]*clientcmdapi.Context{"x": {Cluster: "c", AuthInfo: "u"}},
		CurrentContext: "x",
	}
}

func written(t testing.TB, config *clientcmdapi.Config) []byte {
	t.Helper()
	content, err := clientcmd.Write(*config)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestVetRefusesWhatIsForbidden(t *testing.T) {
	certificate, key := keyPair(t)
	_, stranger := keyPair(t)
	type (
		config  = clientcmdapi.Config
		cluster = clientcmdapi.Cluster
		user    = clientcmdapi.AuthInfo
	)
	ofCluster := func(change func(*cluster)) func(*config) {
		return func(c *config) { change(c.Clusters["c"]) }
	}
	ofUser := func(change func(*user)) func(*config) {
		return func(c *config) { change(c.AuthInfos["u"]) }
	}
	for name, test := range map[string]struct {
		change func(*config)
		reason string
	}{
		"exec": {ofUser(func(u *user) {
			u.Exec = &clientcmdapi.ExecConfig{Command: "touch", APIVersion: "client.authentication.k8s.io/v1", InteractiveMode: clientcmdapi.NeverExecInteractiveMode}
		}), ExecForbidden},
		"auth-provider":               {ofUser(func(u *user) { u.AuthProvider = &clientcmdapi.AuthProviderConfig{Name: "oidc"} }), AuthProviderForbidden},
		"tokenFile":                   {ofUser(func(u *user) { u.TokenFile = "/etc/passwd" }), FileForbidden},
		"client-certificate":          {ofUser(func(u *user) { u.ClientCertificate = "/etc/passwd" }), FileForbidden},
		"client-key":                  {ofUser(func(u *user) { u.ClientKey = "/etc/passwd" }), FileForbidden},
		"certificate-authority":       {ofCluster(func(c *cluster) { c.CertificateAuthority = "/etc/passwd" }), FileForbidden},
		"insecure-skip-tls-verify":    {ofCluster(func(c *cluster) { c.InsecureSkipTLSVerify = true }), InsecureForbidden},
		"proxy-url":                   {ofCluster(func(c *cluster) { c.ProxyURL = "https://proxy.example.com" }), ProxyForbidden},
		"username":                    {ofUser(func(u *user) { u.Username = "admin" }), BasicAuthForbidden},
		"password":                    {ofUser(func(u *user) { u.Password = "hunter2" }), BasicAuthForbidden},
		"a user in the URL":           {ofCluster(func(c *cluster) { c.Server = "https://admin:hunter2@member.example.com" }), BasicAuthForbidden},
		"act-as":                      {ofUser(func(u *user) { u.Impersonate = "admin" }), ImpersonationForbidden},
		"act-as-uid":                  {ofUser(func(u *user) { u.ImpersonateUID = "1" }), ImpersonationForbidden},
		"act-as-groups":               {ofUser(func(u *user) { u.ImpersonateGroups = []string{"system:masters"} }), ImpersonationForbidden},
		"act-as-user-extra":           {ofUser(func(u *user) { u.ImpersonateUserExtra = map[string][]string{"a": {"b"}} }), ImpersonationForbidden},
		"http":                        {ofCluster(func(c *cluster) { c.Server = "http://member.example.com" }), ServerForbidden},
		"no scheme":                   {ofCluster(func(c *cluster) { c.Server = "member.example.com:6443" }), ServerForbidden},
		"no server":                   {ofCluster(func(c *cluster) { c.Server = "" }), ServerForbidden},
		"no host":                     {ofCluster(func(c *cluster) { c.Server = "https://:6443" }), ServerForbidden},
		"a query":                     {ofCluster(func(c *cluster) { c.Server = "https://member.example.com?a=b" }), ServerForbidden},
		"no current-context":          {func(c *config) { c.CurrentContext = "" }, ContextMissing},
		"unknown current-context":     {func(c *config) { c.CurrentContext = "y" }, ContextMissing},
		"unknown cluster":             {func(c *config) { c.Contexts["x"].Cluster = "d" }, ContextMissing},
		"unknown user":                {func(c *config) { c.Contexts["x"].AuthInfo = "v" }, ContextMissing},
		"an unused user's field":      {func(c *config) { c.AuthInfos["other"] = &user{TokenFile: "/etc/passwd"} }, FileForbidden},
		"an unused cluster's field":   {func(c *config) { c.Clusters["other"] = &cluster{ProxyURL: "https://proxy.example.com"} }, ProxyForbidden},
		"a CA that is none":           {ofCluster(func(c *cluster) { c.CertificateAuthorityData = []byte("hunter2") }), KubeconfigUnusable},
		"a certificate without a key": {ofUser(func(u *user) { u.ClientCertificateData = certificate }), KubeconfigUnusable},
		"a key without a certificate": {ofUser(func(u *user) { u.ClientKeyData = key }), KubeconfigUnusable},
		"another certificate's key":   {ofUser(func(u *user) { u.ClientCertificateData, u.ClientKeyData = certificate, stranger }), KubeconfigUnusable},
		"an empty token":              {ofUser(func(u *user) { u.Token = "" }), CredentialMissing},
		"a token of whitespace":       {ofUser(func(u *user) { u.Token = " \n\t" }), CredentialMissing},
		"a certificate alone":         {ofUser(func(u *user) { u.Token, u.ClientCertificateData = "", certificate }), KubeconfigUnusable},
		"a token in two lines":        {ofUser(func(u *user) { u.Token = "hunter2\nX-Evil: yes" }), KubeconfigUnusable},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			kubeconfig := good()
			test.change(kubeconfig)
			config, err := Vet(written(t, kubeconfig))
			g.Expect(config).To(BeNil())
			var refusal *Refusal
			g.Expect(errors.As(err, &refusal)).To(BeTrue(), "%v", err)
			g.Expect(refusal.Reason).To(Equal(test.reason))
			g.Expect(refusal.Message).NotTo(Or(BeEmpty(), ContainSubstring("hunter2")))
		})
	}
}

func TestVetRefusesWhatIsNoKubeconfig(t *testing.T) {
	for name, test := range map[string]struct{ content, reason string }{
		"nothing":       {"", KubeconfigMissing},
		"no YAML":       {"{hunter2", KubeconfigUnreadable},
		"another kind":  {"apiVersion: v1\nkind: Hunter2\n", KubeconfigUnreadable},
		"bad base64":    {"clusters: [{name: a, cluster: {certificate-authority-data: '?hunter2'}}]", KubeconfigUnreadable},
		"a wrong type":  {"users: [{name: a, user: {token: {hunter2: 1}}}]", KubeconfigUnreadable},
		"an empty file": {"{}", ContextMissing},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := Vet([]byte(test.content))
			var refusal *Refusal
			g.Expect(errors.As(err, &refusal)).To(BeTrue(), "%v", err)
			g.Expect(refusal.Reason).To(Equal(test.reason))
			g.Expect(refusal.Message).NotTo(ContainSubstring("unter2"))
		})
	}
}

func TestVet_RefusesWhatKubernetesWouldPassOver(t *testing.T) {
	plain := string(written(t, good()))
	for name, change := range map[string][2]string{
		"unknown, of a user":     {"    token: token", "    token: token\n    hunter2: x"},
		"unknown, of a cluster":  {"    server: ", "    hunter2: x\n    server: "},
		"unknown, of a context":  {"    user: u", "    user: u\n    hunter2: x"},
		"unknown, of an entry":   {"- name: u", "- hunter2: x\n  name: u"},
		"unknown, at the top":    {"kind: Config", "kind: Config\nhunter2: x"},
		"capitals, of a user":    {"    token: token", "    token: token\n    Client-Certificate-Data: hunter2"},
		"capitals, of a cluster": {"    server: ", "    Insecure-Skip-TLS-Verify: true\n    server: "},
		"capitals instead":       {"    token: token", "    Token: token"},
		"capitals at the top":    {"current-context: x", "current-context: x\nUsers: []"},
		"underscores":            {"    server: ", "    certificate_authority_data: hunter2\n    server: "},
		"twice, of a user":       {"    token: token", "    token: token\n    token: hunter2"},
		"twice, of a cluster":    {"    server: ", "    server: https://hunter2.example.com\n    server: "},
		"twice, at the top":      {"current-context: x", "current-context: x\ncurrent-context: y"},
		"twice, in another case": {"    token: token", "    token: token\n    TOKEN: hunter2"},
		"a second document":      {"users:", "---\nusers:"},
		"a document at the end":  {"    token: token\n", "    token: token\n---\nhunter2: x\n"},
		"a document of another":  {"    token: token\n", "    token: token\n---\n# none\n---\nkind: Config\n"},
		"a broken document":      {"    token: token\n", "    token: token\n---\n{hunter2"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(plain).To(ContainSubstring(change[0]))
			_, err := Vet([]byte(strings.Replace(plain, change[0], change[1], 1)))
			g.Expect(err).To(HaveField("Reason", Or(Equal(FieldForbidden), Equal(KubeconfigUnreadable))))
			g.Expect(err.Error()).NotTo(ContainSubstring("unter2"))
		})
	}
	for name, content := range map[string]string{
		"as written": plain,
		"as JSON":    `{"kind":"Config","apiVersion":"v1","clusters":[{"name":"c","cluster":{"server":"https://a"}}],"users":[{"name":"u","user":{"token":"t"}}],"contexts":[{"name":"x","context":{"cluster":"c","user":"u","namespace":"n"}}],"current-context":"x"}`,
		"separators": "---\n" + plain + "---\n# the end\n---\n",
		"by hand":    "clusters: [{name: c, cluster: {server: 'https://a', extensions: [{name: e, extension: {any: thing}}]}}]\nusers: [{name: u, user: {token: t}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\npreferences: {colors: true}\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Vet([]byte(content))
			NewWithT(t).Expect(err).NotTo(HaveOccurred())
		})
	}
}

func TestVetKeepsWhatIsAllowedAndNothingElse(t *testing.T) {
	certificate, key := keyPair(t)
	g := NewWithT(t)
	kubeconfig := good()
	*kubeconfig.Clusters["c"] = clientcmdapi.Cluster{
		Server: "https://member.example.com:6443/k8s/clusters/c-1", TLSServerName: "kubernetes",
		CertificateAuthorityData: certificate, DisableCompression: true,
	}
	*kubeconfig.AuthInfos["u"] = clientcmdapi.AuthInfo{Token: "token\n", ClientCertificateData: certificate, ClientKeyData: key}
	kubeconfig.AuthInfos["other"] = &clientcmdapi.AuthInfo{Token: "other"}
	kubeconfig.Contexts["x"].Namespace = "ignored"

	g.Expect(Vet(written(t, kubeconfig))).To(Equal(&rest.Config{
		Host:        "https://member.example.com:6443/k8s/clusters/c-1",
		BearerToken: "token",
		TLSClientConfig: rest.TLSClientConfig{
			ServerName: "kubernetes", CAData: certificate, CertData: certificate, KeyData: key,
		},
	}))
}

func TestVetRefusesFieldsItDoesNotKnow(t *testing.T) {
	// Stands in for a field that a later client-go adds: one that no other rule
	// looks at.
	g := NewWithT(t)
	err := vetUser("u", &clientcmdapi.AuthInfo{LocationOfOrigin: "/etc"})
	g.Expect(err).To(HaveField("Reason", FieldForbidden))
	err = vetCluster("c", &clientcmdapi.Cluster{LocationOfOrigin: "/etc"})
	g.Expect(err).To(HaveField("Reason", FieldForbidden))
}

func FuzzVet(f *testing.F) {
	f.Add(written(f, good()))
	f.Add([]byte("{}"))
	f.Add([]byte("users: [{name: u, user: {exec: {command: touch}}}]\ncurrent-context: x"))
	f.Add([]byte("users: [{name: u, user: {token: a, Token: b}}]\ncurrent-context: x"))
	f.Add([]byte("users: [{name: u, user: {token: a, token: b}}]\ncurrent-context: x"))
	f.Add([]byte("clusters: [{name: c, cluster: {server: 'https://a', proxy-url: 'http://b'}}]"))
	f.Fuzz(func(t *testing.T, content []byte) {
		config, err := Vet(content)
		if err != nil {
			var refusal *Refusal
			if config != nil || !errors.As(err, &refusal) || refusal.Reason == "" {
				t.Fatalf("an error that is no refusal: %v, %v", config, err)
			}
			return
		}
		allowed := &rest.Config{Host: config.Host, BearerToken: config.BearerToken, TLSClientConfig: rest.TLSClientConfig{
			ServerName: config.ServerName, CAData: config.CAData, CertData: config.CertData, KeyData: config.KeyData,
		}}
		if !reflect.DeepEqual(config, allowed) {
			t.Fatalf("more than the allowed fields: %v", config)
		}
		if config.BearerToken == "" && len(config.CertData) == 0 {
			t.Fatal("vetted, without a credential")
		}
		if err := vetFields(content); err != nil {
			t.Fatalf("vetted, with a field that nothing uses: %v", err)
		}
		if _, err := dial(config, defaultDeadlines); err != nil {
			t.Fatalf("vetted, yet no connection can be made: %v", err)
		}
	})
}
