package ratelimit

import "context"

type freeKey struct{}

// WithoutBudget marks the requests of a context as free: they take nothing from
// the bucket and do not count as in flight. It is for requests that an SCM counts
// elsewhere and that are made inside another one, such as a GitHub App's requests
// for tokens. A pause holds for them all the same, and what the classifier reads
// in their answers is applied.
func WithoutBudget(ctx context.Context) context.Context {
	return context.WithValue(ctx, freeKey{}, true)
}

func isFree(ctx context.Context) bool {
	free, _ := ctx.Value(freeKey{}).(bool)
	return free
}

type operationKey struct{}

type operation struct{ provider, name string }

// WithOperation names the requests of a context in the metrics: the kind of SCM,
// such as github, and what is done, such as create_check_run. Both become labels,
// so neither may hold anything that grows, such as a repository.
func WithOperation(ctx context.Context, provider, name string) context.Context {
	return context.WithValue(ctx, operationKey{}, operation{provider: provider, name: name})
}

func operationFrom(ctx context.Context) operation {
	op, ok := ctx.Value(operationKey{}).(operation)
	if !ok {
		return operation{provider: "unknown", name: "unknown"}
	}
	return op
}
