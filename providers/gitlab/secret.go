package gitlab

import (
	"bytes"
	"context"
	"fmt"
	"io"

	gl "gitlab.com/gitlab-org/api/client-go"
)

// redacted is what is shown in place of a secret.
const redacted = "***"

// secret is a token that does not show when it is printed, by whatever verb: inside
// of other things too, where fmt asks no methods, it is but an address.
type secret struct{ text *string }

func newSecret(text string) secret { return secret{text: &text} }

// Format hides the secret.
func (secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText hides the secret.
func (secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// out takes the secret out of a text.
func (s secret) out(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte(*s.text), []byte(redacted))
}

var _ gl.AuthSource = secret{}

// Init does nothing: the token is there.
func (secret) Init(context.Context, *gl.Client) error { return nil }

// Header is the token as GitLab takes it, whatever sort it is. Unlike PRIVATE-TOKEN,
// net/http knows that this header is not to be sent to others.
func (s secret) Header(context.Context) (key, value string, err error) {
	return "Authorization", "Bearer " + *s.text, nil
}
