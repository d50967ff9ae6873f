package providers

import (
	"context"
	"sync/atomic"
)

type redirectKey struct{}

// NoteRedirects returns a context for reads, and a function that reports whether one of them
// was redirected: then the repository may have another path today.
func NoteRedirects(ctx context.Context) (context.Context, func() bool) {
	noted := &atomic.Bool{}
	return context.WithValue(ctx, redirectKey{}, noted), noted.Load
}

// Redirected notes that a request of a context was redirected. A Client calls it for each
// redirect that it follows.
func Redirected(ctx context.Context) {
	if noted, ok := ctx.Value(redirectKey{}).(*atomic.Bool); ok {
		noted.Store(true)
	}
}
