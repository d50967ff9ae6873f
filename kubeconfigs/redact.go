package kubeconfigs

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

const (
	// hidden is in the place of a token.
	hidden = "***"
	// shortestSecret is how long a token must be to be hidden: to replace less would
	// spoil the text and hide nothing.
	shortestSecret = 8
	// telling is how many characters of a token, one after the other, are hidden wherever
	// they are: a text may have been cut in the middle of a token.
	telling = 2 * keyLength
	// keyLength is how long the parts of a token are by which it is found.
	keyLength = 8
	// deepest is how often a text may have been escaped.
	deepest = 8
	// window is how much of a text is looked through at once, and overlap how much of that
	// again with the next: what is telling of a token is hidden where it is spelled in less.
	window  = 64 << 10
	overlap = 16 << 10
)

// redact replaces a token in a text by ***, however it is spelled there: escaped as in
// JSON, Go, C, URLs, HTML or quoted-printable, several times or in part, broken by white
// space or control sequences, in base64 or hexadecimal, or cut.
func redact(text, token string) string { return newRedactor(token).redact(text) }

// redactor is redact for several texts. It prepares itself when it is first needed.
type redactor struct {
	token   string
	secrets *secrets
}

func newRedactor(token string) *redactor { return &redactor{token: token} }

func (r *redactor) redact(text string) string {
	if len(r.token) < shortestSecret || len(text) < shortestSecret {
		return text
	}
	if r.secrets == nil {
		r.secrets = secretsOf(r.token)
	}
	var covered []bool
	for from, to := 0, 0; to < len(text); from = to - overlap {
		to = min(from+window, len(text))
		covered = r.secrets.coverAll(verbatim(text, from, to), covered, len(text))
	}
	if covered == nil {
		return text
	}
	var out strings.Builder
	for i := range len(text) {
		switch {
		case !covered[i]:
			out.WriteByte(text[i])
		case i == 0 || !covered[i-1]:
			out.WriteString(hidden)
		}
	}
	return out.String()
}

// secrets are a token and what it is encoded, to be found in texts. Each eighth character
// of them begins a key: what is as long as telling has one in it.
type secrets struct {
	all  []byte // with a zero after each
	keys map[[keyLength]byte]keyPlace
}

// keyPlace is where a key is in all, and how much has to be the same around it.
type keyPlace struct{ at, least int }

func secretsOf(token string) *secrets {
	s := &secrets{keys: map[[keyLength]byte]keyPlace{}}
	s.add(token)
	digits := hex.EncodeToString([]byte(token))
	s.add(digits)
	s.add(strings.ToUpper(digits))
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		// What comes before the token decides how it is encoded, in one of three ways. The
		// first characters of that, and the last, depend on its neighbors.
		for before, foreign := range []int{0, 2, 3} {
			encoded := encoding.EncodeToString(append(make([]byte, before), token...))
			if (before+len(token))%3 > 0 {
				encoded = encoded[:len(encoded)-1]
			}
			s.add(encoded[foreign:])
		}
	}
	return s
}

func (s *secrets) add(secret string) {
	start := len(s.all)
	s.all = append(append(s.all, secret...), 0)
	for i := 0; i+keyLength <= len(secret); i += keyLength {
		key := [keyLength]byte(s.all[start+i:])
		if _, known := s.keys[key]; !known {
			s.keys[key] = keyPlace{at: start + i, least: min(telling, len(secret))}
		}
	}
}

// coverAll is cover for a text and all that it spells by escapes.
func (s *secrets) coverAll(text spelled, covered []bool, size int) []bool {
	for range deepest {
		covered = s.cover(text.squeezed(), covered, size)
		next, changed := text.unescaped()
		if !changed {
			break
		}
		text = next
	}
	return covered
}

// cover marks where a text of size bytes spells a secret, or as much of one as is telling.
func (s *secrets) cover(spelled spelled, covered []bool, size int) []bool {
	text := spelled.text
	for i := 0; i+keyLength <= len(text); i++ {
		found, ok := s.keys[[keyLength]byte(text[i:])]
		if !ok {
			continue
		}
		from, to := 0, keyLength
		for i+from > 0 && found.at+from > 0 && text[i+from-1] == s.all[found.at+from-1] {
			from--
		}
		for i+to < len(text) && text[i+to] == s.all[found.at+to] {
			to++
		}
		if to-from < found.least {
			continue
		}
		if covered == nil {
			covered = make([]bool, size)
		}
		for at := spelled.from[i+from]; at < spelled.to[i+to-1]; at++ {
			covered[at] = true
		}
	}
	return covered
}

// spelled is a text with where each of its bytes is spelled in another one.
type spelled struct {
	text     []byte
	from, to []int32
}

// verbatim is a part of a text, which is spelled as it is.
func verbatim(text string, from, to int) spelled {
	s := spelled{text: []byte(text[from:to]), from: make([]int32, to-from), to: make([]int32, to-from)}
	for i := range s.text {
		s.from[i], s.to[i] = int32(from+i), int32(from+i+1)
	}
	return s
}

// add appends what n bytes of another text from i on spell.
func (s *spelled) add(b byte, of spelled, i, n int) {
	s.text = append(s.text, b)
	s.from, s.to = append(s.from, of.from[i]), append(s.to, of.to[i+n-1])
}

// unescaped returns the text with all escapes replaced by what they stand for, and whether
// there were any.
func (s spelled) unescaped() (out spelled, changed bool) {
	for i := 0; i < len(s.text); {
		b, n := unescape(s.text[i:])
		changed = changed || n > 1
		out.add(b, s, i, n)
		i += n
	}
	return out, changed
}

// squeezed returns the text without what can stand between the characters of a token:
// anything but printable ASCII, and a terminal's control sequences.
func (s spelled) squeezed() (out spelled) {
	for i := 0; i < len(s.text); {
		if n := controlSequence(s.text[i:]); n > 0 {
			i += n
			continue
		}
		if b := s.text[i]; b > ' ' && b <= '~' {
			out.add(b, s, i, 1)
		}
		i++
	}
	return out
}

// controlSequence returns how long the control sequence is that a text begins with; 0 for
// none.
func controlSequence(text []byte) int {
	if len(text) < 2 || text[0] != 0x1b {
		return 0
	}
	if text[1] != '[' {
		return 2
	}
	for i := 2; i < len(text); i++ {
		if text[i] >= '@' && text[i] <= '~' {
			return i + 1
		}
	}
	return len(text)
}

// line is what may be told of a text: in one line, without the token, and not too long.
func (r *redactor) line(text string) string { return shortened(r.redact(text), longestText) }

// lines is line for every text in a value of JSON.
func (r *redactor) lines(value any) any {
	switch v := value.(type) {
	case string:
		return r.line(v)
	case []any:
		for i := range v {
			v[i] = r.lines(v[i])
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, each := range v {
			out[r.line(key)] = r.lines(each)
		}
		return out
	}
	return value
}
