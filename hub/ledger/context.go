package ledger

import "context"

type contextKey struct{}

// WithKey returns a context whose requests are about a key.
func WithKey(ctx context.Context, key Key) context.Context {
	return context.WithValue(ctx, contextKey{}, key)
}

// KeyFrom returns the key that the requests of a context are about; ok is false for none.
func KeyFrom(ctx context.Context) (key Key, ok bool) {
	key, ok = ctx.Value(contextKey{}).(Key)
	return key, ok
}
