package clusters

import (
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestAControlPlaneIsTheSameAfterRestarts(t *testing.T) {
	g := NewWithT(t)
	cluster, err := Start(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(cluster.Stop()).To(Succeed()) })
	kept := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kept"}}
	g.Expect(cluster.Client.Create(t.Context(), kept)).To(Succeed())
	pidOf := func(name, argument string) int {
		id, _, err := childWith(name, argument)
		g.Expect(err).NotTo(HaveOccurred())
		return id
	}
	port := "--secure-port=" + cluster.environment.ControlPlane.GetAPIServer().Port
	data := "--data-dir=" + cluster.environment.ControlPlane.Etcd.DataDir

	for range 2 {
		server, store := pidOf("kube-apiserver", port), pidOf("etcd", data)
		g.Expect(cluster.RestartEtcd(t.Context())).To(Succeed())
		g.Expect(pidOf("etcd", data)).NotTo(Equal(store))
		g.Expect(pidOf("kube-apiserver", port)).To(Equal(server))
		g.Expect(cluster.RestartAPIServer(t.Context())).To(Succeed())
		g.Expect(pidOf("kube-apiserver", port)).NotTo(Equal(server))

		found := &corev1.Namespace{}
		g.Expect(cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(kept), found)).To(Succeed())
		g.Expect(found.UID).To(Equal(kept.UID))
	}

	g.Expect(cluster.Stop()).To(Succeed())
	_, _, err = childWith("kube-apiserver", port)
	g.Expect(err).To(HaveOccurred())
	_, _, err = childWith("etcd", data)
	g.Expect(err).To(HaveOccurred())
}

func TestClusterRestore_TakesVersionsBack(t *testing.T) {
	g := NewWithT(t)
	cluster, err := Start(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(cluster.Stop()).To(Succeed()) })
	before := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "before"}}
	g.Expect(cluster.Client.Create(t.Context(), before)).To(Succeed())
	backup := filepath.Join(t.TempDir(), "backup")
	g.Expect(cluster.Backup(t.Context(), backup)).To(Succeed())
	var after *corev1.Namespace
	for range 500 {
		after = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "after-"}}
		g.Expect(cluster.Client.Create(t.Context(), after)).To(Succeed())
	}

	g.Expect(cluster.Restore(t.Context(), backup)).To(Succeed())
	var list corev1.NamespaceList
	g.Expect(cluster.Client.List(t.Context(), &list)).To(Succeed())
	g.Expect(list.Items).To(ContainElement(HaveField("Name", before.Name)))
	g.Expect(list.Items).NotTo(ContainElement(HaveField("Name", after.Name)))
	order, err := resourceversion.CompareResourceVersion(list.ResourceVersion, after.ResourceVersion)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(order).To(BeNumerically("<", 0), "%s after %s", list.ResourceVersion, after.ResourceVersion)
}
