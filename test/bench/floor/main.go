// Command floor is the least that could do what the hub does: a bare informer of client-go
// that makes one bare POST when a CommitStatus changes. It has no limits, writes twice after
// a restart, and tells nobody what came of it.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// sender has a timeout, as the hub's clients do.
var sender = &http.Client{Timeout: 30 * time.Second}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "the member's kubeconfig")
	namespace := flag.String("namespace", "", "the namespace to watch")
	url := flag.String("url", "", "where to POST")
	flag.Parse()
	if err := run(*kubeconfig, *namespace, *url); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

func run(kubeconfig, namespace, url string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return fmt.Errorf("registering kinds: %w", err)
	}
	config.GroupVersion, config.APIPath = &v1alpha1.GroupVersion, "/apis"
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	client, err := rest.RESTClientFor(config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	informer := cache.NewSharedInformer(
		cache.NewListWatchFromClient(client, "commitstatuses", namespace, fields.Everything()), &v1alpha1.CommitStatus{}, 0)
	_, err = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { post(url, object) },
		UpdateFunc: func(_, object any) { post(url, object) },
	})
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	ended := make(chan struct{})
	go func() {
		<-stop
		close(ended)
	}()
	informer.Run(ended)
	return nil
}

// post sends what a check run would need.
func post(url string, object any) {
	cs, ok := object.(*v1alpha1.CommitStatus)
	if !ok {
		return
	}
	body, err := json.Marshal(map[string]any{
		"name": cs.Spec.Name, "head_sha": cs.Spec.SHA, "status": cs.Spec.Phase, "details_url": cs.Spec.URL,
		"output": map[string]string{"title": cs.Spec.Name, "summary": cs.Spec.Description},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		return
	}
	answer, err := sender.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		return
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
}
