package v1alpha1_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

var (
	config *rest.Config
	api    client.Client
)

// TestMain runs the package's tests beside a real API server that serves the generated CRDs.
func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		fmt.Println("skipped: needs a control plane")
		return
	}
	code, err := withAPIServer(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withAPIServer(run func() int) (code int, err error) {
	cluster, err := clusters.Start(context.Background())
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, cluster.Stop()) }()
	config, api = cluster.Config, cluster.Client
	return run(), nil
}

// validation is one object that differs from a good one in some fields, and what the API server says about it.
type validation struct {
	name string
	// set holds fields by their path, such as "spec.sha"; nil takes a field away.
	set map[string]any
	// refused is what the answer must say, as "field: text". Empty: the object is accepted.
	refused string
}

// check sends the object of every case to the API server.
func check(t *testing.T, good string, cases []validation) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			object := parse(t, good)
			for path, value := range c.set {
				set(t, object, path, value)
			}
			err := api.Create(t.Context(), object, client.DryRunAll)
			if c.refused == "" {
				g.Expect(err).NotTo(HaveOccurred())
				return
			}
			field, text, _ := strings.Cut(c.refused, ": ")
			g.Expect(err).To(MatchError(And(ContainSubstring(field), ContainSubstring(text))))
		})
	}
}

func parse(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	NewWithT(t).Expect(yaml.Unmarshal([]byte(manifest), &object.Object)).To(Succeed())
	return object
}

func set(t *testing.T, object *unstructured.Unstructured, path string, value any) {
	t.Helper()
	fields := strings.Split(path, ".")
	if value == nil {
		unstructured.RemoveNestedField(object.Object, fields...)
		return
	}
	NewWithT(t).Expect(unstructured.SetNestedField(object.Object, value, fields...)).To(Succeed())
}

// long is a text of n characters.
func long(n int) string { return strings.Repeat("é", n) }

// hex is a hash of n digits.
func hex(n int) string { return strings.Repeat("a1", n/2) + strings.Repeat("f", n%2) }
