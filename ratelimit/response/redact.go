package response

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

const (
	// Mask replaces a secret in a text.
	Mask = "***"
	// ShortestSecret is the length from which on secrets are replaced: to replace shorter
	// ones would spoil texts and hide nothing.
	ShortestSecret = 8
	// minPart is how many consecutive characters of a secret are replaced wherever they
	// are: a text may quote a part of it, such as the JWT that an installation token of GitHub
	// holds after its prefix.
	minPart = 2 * keyLength
	// keyLength is how long the parts of a secret are by which it is found.
	keyLength = 8
	// maxEscapes is how many times a text may have been escaped.
	maxEscapes = 8
	// window is how much of a text is searched at once, and overlap how much of that is
	// searched again with the next window: a part of a secret is found where its spelling is
	// shorter.
	window  = 64 << 10
	overlap = 16 << 10
)

// Redactor replaces secrets in texts by Mask, however they are spelled there: escaped as in
// JSON, Go, C, URLs, HTML or quoted-printable, several times or in part, broken by white
// space or control sequences, in base64 or hexadecimal, or cut. It prepares itself when it is
// first used, and is not safe for concurrent use.
type Redactor struct {
	secrets []string
	index   *index
}

// NewRedactor returns a Redactor for secrets. Those shorter than ShortestSecret are ignored.
func NewRedactor(secrets ...string) *Redactor {
	return &Redactor{secrets: slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return len(s) < ShortestSecret })}
}

// Redact returns a text without the secrets.
func (r *Redactor) Redact(text string) string {
	if len(r.secrets) == 0 || len(text) < ShortestSecret {
		return text
	}
	if r.index == nil {
		r.index = newIndex(r.secrets)
	}
	var covered []bool
	for from, to := 0, 0; to < len(text); from = to - overlap {
		to = min(from+window, len(text))
		covered = r.index.coverAll(verbatim(text, from, to), covered, len(text))
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
			out.WriteString(Mask)
		}
	}
	return out.String()
}

// index finds secrets and their encodings in texts. Each eighth character of them begins a
// key, so that each part of minPart characters contains one.
type index struct {
	all  []byte // with a zero after each
	keys map[[keyLength]byte]keyPlace
}

// keyPlace is where a key is in all, and how much has to be the same around it.
type keyPlace struct{ at, least int }

func newIndex(secrets []string) *index {
	s := &index{keys: map[[keyLength]byte]keyPlace{}}
	for _, secret := range secrets {
		s.addAll(secret)
	}
	return s
}

// addAll adds a secret and its encodings.
func (s *index) addAll(secret string) {
	s.add(secret)
	digits := hex.EncodeToString([]byte(secret))
	s.add(digits)
	s.add(strings.ToUpper(digits))
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		// What comes before the secret decides how it is encoded, in one of three ways. The
		// first characters of that, and the last, depend on its neighbors.
		for before, foreign := range []int{0, 2, 3} {
			encoded := encoding.EncodeToString(append(make([]byte, before), secret...))
			if (before+len(secret))%3 > 0 {
				encoded = encoded[:len(encoded)-1]
			}
			s.add(encoded[foreign:])
		}
	}
}

func (s *index) add(secret string) {
	start := len(s.all)
	s.all = append(append(s.all, secret...), 0)
	for i := 0; i+keyLength <= len(secret); i += keyLength {
		key := [keyLength]byte(s.all[start+i:])
		if _, known := s.keys[key]; !known {
			s.keys[key] = keyPlace{at: start + i, least: min(minPart, len(secret))}
		}
	}
}

// coverAll is cover for a text and all that it spells by escapes.
func (s *index) coverAll(text spelled, covered []bool, size int) []bool {
	for range maxEscapes {
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
func (s *index) cover(spelled spelled, covered []bool, size int) []bool {
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
