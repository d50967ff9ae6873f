package forward

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/argoproj-labs/commit-status-hub/hub/web"
)

// addressFlag is the flag of `commit-status-hub run` that says where the page is.
const addressFlag = "--web-bind-address"

// portOf returns the port at which a pod serves the fleet page, and whether that takes TLS and a
// bearer token: on a loopback address it does not.
func portOf(pod *corev1.Pod) (port int, secure bool, err error) {
	address := addressOf(pod)
	if address == "0" {
		return 0, false, fmt.Errorf("the fleet page is switched off there: the hub was started with %s=0", addressFlag)
	}
	host, name, err := net.SplitHostPort(address)
	if err != nil {
		return 0, false, fmt.Errorf("the hub was started with %s=%s, which is no address: %w", addressFlag, address, err)
	}
	number, err := strconv.ParseUint(name, 10, 16)
	if err != nil || number == 0 {
		return 0, false, fmt.Errorf("the hub was started with %s=%s, whose port cannot be known from here", addressFlag, address)
	}
	// A forwarded port ends at the pod's loopback address.
	if ip := net.ParseIP(host); !Loopback(host) && host != "" && (ip == nil || !ip.IsUnspecified()) {
		return 0, false, fmt.Errorf("the hub serves the fleet page at %s only, which no forwarded port leads to: use another %s, such as %s", address, addressFlag, web.DefaultBindAddress)
	}
	return int(number), !Loopback(host), nil
}

// addressOf returns the last value that a pod's containers give the flag, as the flag's parser does.
func addressOf(pod *corev1.Pod) string {
	address := web.DefaultBindAddress
	for _, c := range pod.Spec.Containers {
		words := slices.Concat(c.Command, c.Args)
		for i, word := range words {
			if value, ok := strings.CutPrefix(word, addressFlag+"="); ok {
				address = value
			} else if word == addressFlag && i+1 < len(words) {
				address = words[i+1]
			}
		}
	}
	return address
}

// Loopback reports whether a host is this machine, by its name or its address.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
