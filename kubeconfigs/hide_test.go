package kubeconfigs

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	. "github.com/onsi/gomega"
)

func TestATokenInAnAnswerIsMasked(t *testing.T) {
	const token = "abacab-token"
	stars := strings.Repeat("*", len(token))
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{"nothing", "nothing"},
		{token, stars},
		{"a " + token + token + " b", "a " + stars + stars + " b"},
		{"abacabacab-token!", "abac" + stars + "!"},
		{"ends with abacab-tok", "ends with abacab-tok"},
	} {
		for name, slow := range map[string]func(io.Reader) io.Reader{
			"at once": func(r io.Reader) io.Reader { return r },
			"by byte": iotest.OneByteReader,
			"in half": iotest.HalfReader,
			"and EOF": iotest.DataErrReader,
		} {
			t.Run(test.text+" "+name, func(t *testing.T) {
				g := NewWithT(t)
				response := &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(slow(strings.NewReader(test.text)))}
				hide(&http.Request{Method: http.MethodGet}, response, token)
				text, err := io.ReadAll(response.Body)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(string(text)).To(Equal(test.want))
			})
		}
	}
}

func TestWhatIsNoTokenIsNotKeptBack(t *testing.T) {
	g := NewWithT(t)
	reader, writer := io.Pipe()
	response := &http.Response{StatusCode: http.StatusOK, Body: reader}
	hide(&http.Request{Method: http.MethodGet}, response, "abacab-token")
	go func() { _, _ = writer.Write([]byte(`{"type":"ADDED"}`)) }()
	event := make([]byte, 64)
	n, err := response.Body.Read(event)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(event[:n])).To(Equal(`{"type":"ADDED"}`))
	g.Expect(writer.Close()).To(Succeed())
}

func TestATokenInAnErrorIsHiddenAndItsCauseIsNot(t *testing.T) {
	g := NewWithT(t)
	cause := errors.New(`malformed HTTP response "Bearer abacab-token"`)
	err := hideIn(cause, "abacab-token")
	g.Expect(err).To(MatchError(`malformed HTTP response "Bearer ***"`))
	g.Expect(errors.Is(err, cause)).To(BeTrue())
}
