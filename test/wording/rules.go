package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"unicode"
)

// The rules: a comment's first sentence has a subject, an active verb and the field's term; one thing
// has one word.
var (
	// phrases are not used in comments, with what to write instead.
	phrases = []struct {
		pattern *regexp.Regexp
		instead string
	}{
		{regexp.MustCompile(`(?i)\b(is|are|was|were|be|been) (told|heard)\b`), "say who notifies or reports what"},
		{regexp.MustCompile(`(?i)\b(heard|said) (of|from)\b`), "say what was received or reported"},
		{regexp.MustCompile(`(?i)\b(tells?|told) (whether|how|when|where|who|whom|what|of|off)\b`), `"reports", "returns" or "notifies"`},
		{regexp.MustCompile(`(?i)\blets? (a|the) member go\b`), `"remove a member"`},
		{regexp.MustCompile(`(?i)\bwhoever\b`), "name the caller or the component"},
		{regexp.MustCompile(`(?i)\bnobody (knows|tells|asks)\b`), "say what is unknown"},
	}
	// words are not used in comments and in declared names, with what to write instead.
	words = map[string]string{
		"heard": "synced", "unheard": "unsynced", "twin": "duplicate", "twins": "duplicates",
		"wish": "spec, desired", "wishes": "specs", "survey": "drift check", "surveys": "drift checks",
		"departure": "abandonment", "parting": "abandonment", "farewell": "final status",
		"crowd": "concurrency", "outlook": "estimate", "tally": "cost", "rota": "round robin",
		"slim": "trim", "thrift": "heapReleaser", "parrot": "echo", "stranger": "third party",
	}
	// publicNames contain such words and stay: users know them.
	publicNames = regexp.MustCompile(`cluster_twin|unheard-grace|UnheardGrace`)

	// questions do not begin a comment: they leave the sentence without a subject.
	questions = regexp.MustCompile(`^(What|Who|Whoever|Whom|Whose|Whether|When|Where|How|Why)\b`)
	// perfect is "X has an item done", which hides what X does.
	perfect = regexp.MustCompile(`^\S+ (has|have|had) .*\b(told|done|looked|tried|worked|asked|made|added|sent|counted)\b`)
	// booleans say what true means, or which interface's method they are.
	booleans = regexp.MustCompile(`\breports? whether\b|^\S+ (implements|is part of) `)
)

// finding is a place that breaks a rule.
type finding struct {
	at   token.Position
	text string
}

// String returns the finding as compilers print theirs.
func (o finding) String() string { return fmt.Sprintf("%s:%d: %s", o.at.Filename, o.at.Line, o.text) }

// checker collects the findings of one file.
type checker struct {
	files    *token.FileSet
	findings []finding
}

// checkFile returns the findings of a file. src is its text, nil for what is on disk.
func checkFile(path string, src any) ([]finding, error) {
	c := &checker{files: token.NewFileSet()}
	file, err := parser.ParseFile(c.files, path, src, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	for _, group := range file.Comments {
		c.checkComment(group)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			c.checkFunc(n)
		case *ast.GenDecl:
			c.checkGenDecl(n)
		case *ast.Field:
			c.checkNames(n.Names, n.Doc, false)
		}
		return true
	})
	return c.findings, nil
}

func (c *checker) add(pos token.Pos, format string, args ...any) {
	c.findings = append(c.findings, finding{c.files.Position(pos), fmt.Sprintf(format, args...)})
}

// checkComment looks for phrases and words in a comment, also across the ends of its lines.
func (c *checker) checkComment(group *ast.CommentGroup) {
	text := publicNames.ReplaceAllString(strings.Join(strings.Fields(group.Text()), " "), "")
	for _, each := range phrases {
		for _, found := range each.pattern.FindAllString(text, -1) {
			c.add(group.Pos(), "%q: %s", found, each.instead)
		}
	}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if instead, found := words[strings.ToLower(word)]; found {
			c.add(group.Pos(), "the word %q: write %q", word, instead)
		}
	}
}

func (c *checker) checkFunc(f *ast.FuncDecl) {
	c.checkNames([]*ast.Ident{f.Name}, f.Doc, true)
	if f.Doc == nil {
		return
	}
	results := f.Type.Results
	if results == nil || results.NumFields() != 1 {
		return
	}
	text := strings.Join(strings.Fields(f.Doc.Text()), " ")
	if result, ok := results.List[0].Type.(*ast.Ident); ok && result.Name == "bool" && !booleans.MatchString(text) {
		c.add(f.Doc.Pos(), "%s returns a bool: its comment begins with %q", f.Name.Name, f.Name.Name+" reports whether")
	}
}

func (c *checker) checkGenDecl(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			c.checkNames([]*ast.Ident{spec.Name}, docOf(spec.Doc, d), true)
		case *ast.ValueSpec:
			c.checkNames(spec.Names, docOf(spec.Doc, d), true)
		}
	}
}

// docOf returns a spec's own comment, or that of the declaration of which it is all.
func docOf(doc *ast.CommentGroup, d *ast.GenDecl) *ast.CommentGroup {
	if doc == nil && !d.Lparen.IsValid() {
		return d.Doc
	}
	return doc
}

// checkNames checks what is declared together, with its comment. top reports whether it is declared in the
// package: the comment of a field may begin otherwise.
func (c *checker) checkNames(names []*ast.Ident, doc *ast.CommentGroup, top bool) {
	for _, name := range names {
		for _, word := range wordsOf(publicNames.ReplaceAllString(name.Name, "")) {
			if instead, found := words[word]; found {
				c.add(name.Pos(), "the word %q in the name %s: write %q", word, name.Name, instead)
			}
		}
	}
	if doc == nil || len(names) == 0 {
		return
	}
	sentence := firstSentence(doc)
	if sentence == "" { // directives alone
		return
	}
	if questions.MatchString(sentence) {
		c.add(doc.Pos(), "the comment of %s has no subject: %q", names[0].Name, sentence)
	}
	if perfect.MatchString(sentence) {
		c.add(doc.Pos(), "say what %s does: %q", names[0].Name, sentence)
	}
	if top && names[0].IsExported() && len(names) == 1 && !strings.HasPrefix(strings.TrimPrefix(sentence, "Deprecated: "), names[0].Name) {
		c.add(doc.Pos(), "the comment of %s begins with its name", names[0].Name)
	}
}

// firstSentence returns the first sentence of a comment in one line.
func firstSentence(doc *ast.CommentGroup) string {
	text := strings.Join(strings.Fields(doc.Text()), " ")
	sentence, _, _ := strings.Cut(text, ". ")
	return sentence
}

// wordsOf splits a name such as isUnheardMember into lower-case words.
func wordsOf(name string) (words []string) {
	start := 0
	for i, r := range name {
		if i > start && unicode.IsUpper(r) {
			words = append(words, strings.ToLower(name[start:i]))
			start = i
		}
	}
	return append(words, strings.ToLower(name[start:]))
}
