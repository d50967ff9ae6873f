package hub

import (
	"context"
	"runtime"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestMemoryThatIsNotUsedIsGivenBack(t *testing.T) {
	g := NewWithT(t)
	const size = 64 << 20
	// What the process holds, in use or not. Other tests' goroutines may take some of it again.
	held := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapSys - m.HeapReleased
	}
	garbage := make([]byte, size)
	for i := range garbage {
		garbage[i] = 1
	}
	before := held()
	runtime.KeepAlive(garbage)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- heapReleaser{every: 10 * time.Millisecond}.Start(ctx) }()
	g.Eventually(held, "10s").Should(BeNumerically("<=", before-size*3/4))
	cancel()
	g.Eventually(ended).Should(Receive(BeNil()))
}
