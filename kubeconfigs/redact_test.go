package kubeconfigs

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/ratelimit/response/responsetest"
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

func TestHide_LeavesNothingOfATokenInAnErrorsBody(t *testing.T) {
	token := tokenOf("hub", "u", noon)
	for name, spell := range responsetest.Spellings {
		for shape, body := range map[string]string{
			"a Status": `{"kind":"Status","apiVersion":"v1","status":"Failure","code":403,"message":` + responsetest.Quoted("\x1b[2J no: "+spell(token)) + `,"details":{"causes":[{"message":` + responsetest.Quoted(spell(token)) + `}]}}`,
			"prose":    "\x1b[2J no: " + spell(token),
		} {
			t.Run(name+" "+shape, func(t *testing.T) {
				g := NewWithT(t)
				response := &http.Response{StatusCode: http.StatusForbidden, Status: "403 \a" + spell(token), Body: io.NopCloser(strings.NewReader(body))}
				hide(&http.Request{Method: http.MethodGet}, response, token)
				text, err := io.ReadAll(response.Body)
				g.Expect(err).NotTo(HaveOccurred())
				said := string(text)
				if shape == "a Status" {
					var status struct{ Message string }
					g.Expect(json.Unmarshal(text, &status)).To(Succeed())
					said = status.Message
					g.Expect(string(text)).To(ContainSubstring(`"code":403`))
				}
				for _, each := range []string{said, response.Status} {
					g.Expect(each).NotTo(ContainSubstring("\x1b"))
					g.Expect(each).NotTo(ContainSubstring("\a"))
					g.Expect(len(responsetest.Left(each, spell(token)))).To(BeNumerically("<=", 8), "%s", each)
				}
			})
		}
	}
}

func TestHide_MasksEscapesInWhatAnswersAWrite(t *testing.T) {
	g := NewWithT(t)
	token := tokenOf("hub", "u", noon)
	response := &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{"updatedAt":"` + responsetest.Each(token, `\u%04x`) + `"}`))}
	hide(httptest.NewRequest(http.MethodPatch, "/apis/x", nil), response, token)
	text, err := io.ReadAll(response.Body)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(text)).To(Equal(`{"updatedAt":"***"}`))
}

func TestHideIn_TakesControlCharactersOutToo(t *testing.T) {
	g := NewWithT(t)
	cause := errors.New("\x1b]0;title\a" + responsetest.Each("abacab-token", `\x%02x`))
	err := hideIn(cause, "abacab-token")
	g.Expect(err).To(MatchError(" ]0;title ***"))
	g.Expect(errors.Is(err, cause)).To(BeTrue())
	g.Expect(hideIn(nil, "abacab-token")).To(Succeed())
}
