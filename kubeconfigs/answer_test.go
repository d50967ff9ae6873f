package kubeconfigs

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/framer"
)

func TestAnAnswerEndsAtItsLimit(t *testing.T) {
	for name, c := range map[string]struct {
		size int
		err  error
	}{
		"less":          {99, nil},
		"just as much":  {100, nil},
		"one byte more": {101, errTooLarge},
		"far more":      {1 << 20, errTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			read, err := io.ReadAll(&capped{ReadCloser: io.NopCloser(strings.NewReader(strings.Repeat("x", c.size))), left: 100})
			if c.err == nil {
				g.Expect(err).NotTo(HaveOccurred())
			} else {
				g.Expect(err).To(MatchError(c.err))
			}
			g.Expect(read).To(HaveLen(min(c.size, 100)))
		})
	}
}

// endless is a body that repeats itself, and how much of it was read.
type endless struct {
	text string
	read int
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e.text)
	}
	e.read += n
	return n, nil
}

func (*endless) Close() error { return nil }

func TestAnEventOfAWatchEndsAtItsLimit(t *testing.T) {
	for name, text := range map[string]string{
		"one long string":       `x`,
		"lines inside a value":  "{\n",
		"an endless list":       `{"a":1},`,
		"garbage":               "\x00\xff",
		"brackets in strings":   `"}"`,
		"escaped quotes":        `\"}`,
		"nothing but new lines": "\n",
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			body := &endless{text: text}
			start := io.MultiReader(strings.NewReader(`{"object":["`), body)
			if text == "{\n" || text == `{"a":1},` {
				start = io.MultiReader(strings.NewReader(`{"object":[`), body)
			}
			frames := framer.NewJSONFramedReader(&framed{ReadCloser: io.NopCloser(start), limit: 1 << 20})
			_, err := frames.Read(make([]byte, 1024))
			g.Expect(err).To(HaveOccurred())
			g.Expect(body.read).To(BeNumerically("<", 4<<20))
		})
	}
}

func TestEventsWithinTheLimitAreReadAsTheyAre(t *testing.T) {
	g := NewWithT(t)
	var stream bytes.Buffer
	var events []map[string]any
	for n := range 200 {
		event := map[string]any{"type": `MODIFIED"}]`, "object": map[string]any{"text": strings.Repeat(`{"\`, n), "list": []any{"]"}}}
		events = append(events, event)
		g.Expect(json.NewEncoder(&stream).Encode(event)).To(Succeed())
	}
	g.Expect(stream.Len()).To(BeNumerically(">", 40_000), "all together are more than is allowed to one")
	for _, split := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader} {
		decoder := json.NewDecoder(&framed{ReadCloser: io.NopCloser(split(bytes.NewReader(stream.Bytes()))), limit: 2000})
		for _, event := range events {
			var read map[string]any
			g.Expect(decoder.Decode(&read)).To(Succeed())
			g.Expect(read).To(Equal(event))
		}
		g.Expect(errors.Is(decoder.Decode(&struct{}{}), io.EOF)).To(BeTrue())
	}
}
