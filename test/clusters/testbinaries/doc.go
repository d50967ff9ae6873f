// Package testbinaries installs the kube-apiserver and etcd that Kubernetes itself
// publishes for tests, the releases of envtest, so that they need not be compiled.
//
// index.go reads the published index and chooses a release; fetch.go sends the requests,
// each with an end; archive.go unpacks what was verified; install.go does all of it.
//
// controller-runtime can download the same archives (envtest.Environment and the module
// setup-envtest). Its requests have no end of their own, an archive of any size is read
// into memory, and a folder that was left half filled counts as complete. Here the
// download is what is tried first on every machine, and many have no internet, so it has
// to give up fast.
package testbinaries
