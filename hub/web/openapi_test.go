package web

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// TestAnswers_AreAsTheOpenAPIFileSays holds each answer against the schema that the served file
// has for it, and the file's paths against those that are served.
func TestAnswers_AreAsTheOpenAPIFileSays(t *testing.T) {
	s := filled(t)
	s.health["prod-eu"] = kubeconfigs.Health{State: kubeconfigs.Connected, Reason: kubeconfigs.ReasonObjectsUnreadable, LeftOut: 1, Unreadable: 2, CredentialExpiry: s.Clock.Now()}
	s.server.reader.requests.observe(inContextOf(keyOf("build")), ratelimit.Request{SentAt: s.Clock.Now(), Method: "POST", Code: 201, Operation: "create_check_run"})
	s.server.reader.history.record(s.Clock.Now(), s.installations.Usages(), nil)

	_, body := s.get("/api/v1/openapi.yaml")
	var document map[string]any
	s.g.Expect(yaml.Unmarshal([]byte(body), &document)).To(Succeed())
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	asJSON, err := yaml.YAMLToJSON([]byte(body))
	s.g.Expect(err).NotTo(HaveOccurred())
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	s.g.Expect(err).NotTo(HaveOccurred())
	s.g.Expect(compiler.AddResource("openapi.json", schema)).To(Succeed())

	served := map[string]string{
		"/api/v1/":                   "/api/v1/",
		"/api/v1/installations/{id}": "/api/v1/installations/" + installation,
		"/api/v1/commits/{commit}":   "/api/v1" + commit,
		"/api/v1/search":             "/api/v1/search?q=build",
	}
	paths := document["paths"].(map[string]any)
	s.g.Expect(paths).To(HaveLen(len(served)))
	for path, example := range served {
		s.g.Expect(paths).To(HaveKey(path))
		escaped := strings.ReplaceAll(strings.ReplaceAll(path, "~", "~0"), "/", "~1")
		for code, request := range map[string]string{"200": example, "404": example + "x"} {
			at := "openapi.json#/paths/" + escaped + "/get/responses/" + code + "/content/application~1json/schema"
			if code == "404" {
				if path == "/api/v1/" || path == "/api/v1/search" {
					continue
				}
				at = "openapi.json#/components/responses/Failure/content/application~1json/schema"
			}
			compiled, err := compiler.Compile(at)
			s.g.Expect(err).NotTo(HaveOccurred(), path)
			_, body := s.get(request)
			answer, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
			s.g.Expect(err).NotTo(HaveOccurred(), body)
			s.g.Expect(compiled.Validate(answer)).To(Succeed(), "%s\n%s", request, body)
		}
	}
}

// TestSchemas_HaveEachField holds the file against the types, in which an answer may leave a field out.
func TestSchemas_HaveEachField(t *testing.T) {
	g := NewWithT(t)
	raw, err := static.ReadFile("openapi.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	var document struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]any `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	g.Expect(yaml.Unmarshal(raw, &document)).To(Succeed())
	for name, value := range map[string]any{
		"Overview": fill[Overview](), "Member": fill[Member](), "ScmProvider": fill[ScmProvider](), "Problem": fill[Problem](), "Counts": fill[Counts](),
		"Installation": fill[Installation](), "Sample": fill[Sample](), "CommitPage": fill[CommitPage](), "Name": fill[Name](), "Object": fill[Object](),
		"Request": fill[Request](), "SearchPage": fill[SearchPage](), "Status": fill[Status](), "Failure": fill[Failure](),
	} {
		out, err := json.Marshal(value)
		g.Expect(err).NotTo(HaveOccurred())
		var fields map[string]any
		g.Expect(json.Unmarshal(out, &fields)).To(Succeed())
		for field := range fields {
			g.Expect(document.Components.Schemas[name].Properties).To(HaveKey(field), name)
		}
		g.Expect(document.Components.Schemas[name].Properties).To(HaveLen(len(fields)), name)
	}
}

func TestHistory_KeepsAnHourAndADay(t *testing.T) {
	s := newSite(t)
	h := newHistory()
	usage := s.installations.Usages()
	from := s.Clock.Now()
	for i := range 10_000 {
		usage[0].Limits[0].Used = int64(i/100) * 50
		h.record(from.Add(time.Duration(i)*hourStep), usage, map[string]ratelimit.Waits{installation: {Depth: []int{1, 2, 3, i % 7}}})
	}
	hour, day := h.of(installation, 2)
	s.g.Expect(hour).To(HaveLen(240))
	s.g.Expect(day).To(HaveLen(288))
	s.g.Expect(hour[239]).To(And(HaveField("Used", HaveExactElements(0.99, 0.0)), HaveField("Queued", HaveExactElements(9_999%7, 3, 2, 1))))
	for i := range hour[1:] {
		s.g.Expect(hour[i+1].At.Sub(hour[i].At)).To(Equal(hourStep))
	}
	for i := range day[1:] {
		s.g.Expect(day[i+1].At.Sub(day[i].At)).To(Equal(dayStep))
		s.g.Expect(day[i].Queued[0]).To(Equal(6), "the worst since the sample before")
	}
	h.record(from, nil, nil)
	hour, _ = h.of(installation, 2)
	s.g.Expect(hour).To(BeEmpty(), "it is not in use any more")
}

func TestHistory_OfAnIdleInstallationTakesOneEntry(t *testing.T) {
	s := newSite(t)
	h := newHistory()
	for i := range 10_000 {
		h.record(s.Clock.Now().Add(time.Duration(i)*hourStep), s.installations.Usages(), nil)
	}
	track := h.byID[installation]
	s.g.Expect(track.hour.runs).To(HaveLen(1))
	s.g.Expect(track.day.runs).To(HaveLen(1))
	hour, day := h.of(installation, 2)
	s.g.Expect(hour).To(HaveLen(240))
	s.g.Expect(day).To(HaveLen(288))
}

func TestRequests_AreKeptOfWhatIsLookedAt(t *testing.T) {
	s := filled(t)
	r := s.server.reader.requests
	note := func(name string, code int) {
		r.observe(inContextOf(keyOf(name)), ratelimit.Request{SentAt: s.Clock.Now(), Method: "PATCH", Code: code, Operation: "update_check_run"})
	}
	note("build", 200)
	other := ledgertest.OtherKey
	for range recentRequests - 1 {
		r.observe(inContextOf(other), ratelimit.Request{Method: "POST", Code: 201})
	}
	s.g.Expect(read[CommitPage](s, "/api/v1"+commit).Requests).To(HaveExactElements(
		And(HaveField("Method", "PATCH"), HaveField("Code", 200), HaveField("Operation", "update_check_run"), HaveField("Name", "build"))))
	for range recentRequests {
		r.observe(inContextOf(other), ratelimit.Request{Method: "POST", Code: 201})
	}
	for i := range 30 {
		note("deploy", 400+i)
	}
	kept := read[CommitPage](s, "/api/v1"+commit).Requests
	s.g.Expect(kept).To(HaveLen(commitRequests))
	s.g.Expect(kept[0].Code).To(Equal(429), "the newest first")
	s.g.Expect(kept[19].Code).To(Equal(410))
}

func TestRequests_OfAThousandCommitsAreBounded(t *testing.T) {
	g := NewWithT(t)
	r := newRequests()
	s := newSite(t)
	for i := range 1000 {
		key := keyOf("")
		key.SHA = strings.Repeat("0", i%40) + key.SHA + string(rune('a'+i%26))
		r.of(key, s.Clock.Now())
	}
	g.Expect(len(r.lookedAt)).To(BeNumerically("<=", mostLookedAt))
}

func TestPlots_AreDrawnOnTheServer(t *testing.T) {
	s := filled(t)
	usage := s.installations.Usages()
	for i := range 40 {
		usage[0].Limits[0].Used, usage[0].ReducedTo = int64(i*100), int64(i/20)
		s.server.reader.history.record(s.Clock.Now().Add(time.Duration(i)*hourStep), usage, nil)
	}
	_, page := s.get("/installations/" + installation)
	s.g.Expect(page).To(ContainSubstring("at most 78 % of 5 000 requests an hour"), "the plot in words")
	for _, plot := range []string{"budget.svg", "queue.svg"} {
		for _, theme := range []string{"light", "dark"} {
			response, body := s.get("/plots/" + plot + "?installation=" + installation + "&range=hour&theme=" + theme)
			s.g.Expect(response.Header.Get("Content-Type")).To(Equal("image/svg+xml"))
			s.g.Expect(body).To(And(HavePrefix("<svg"), Not(ContainSubstring("<script"))))
		}
	}
	_, budget := s.get("/plots/budget.svg?installation=" + installation + "&theme=light")
	s.g.Expect(budget).To(And(ContainSubstring("requestsPerHour"), ContainSubstring("reduced"), ContainSubstring("75 %")))
}

func TestOverview_NamesInstallationsThatSendNothing(t *testing.T) {
	s := filled(t)
	s.installations.Get(installation).Bucket().Observe(s.Clock.Now(), ratelimit.Feedback{Limited: true, PauseUntil: s.Clock.Now().Add(90 * time.Second)})
	page := read[Overview](s, "/api/v1/")
	s.g.Expect(page.Problems[0]).To(And(HaveField("Kind", KindInstallation), HaveField("Name", installation), HaveField("Reason", "Paused"),
		HaveField("Path", "/installations/"+installation)))
	s.g.Expect(read[InstallationPage](s, "/api/v1/installations/"+installation).PausedUntil).To(BeTemporally(">", s.Clock.Now()))
	_, body := s.get("/")
	s.g.Expect(body).To(ContainSubstring("paused until"))
}

// inContextOf is a context whose requests are about a key.
func inContextOf(key ledger.Key) context.Context { return ledger.WithKey(context.Background(), key) }

// fill returns a value of a type of which no field is empty.
func fill[T any]() T {
	var out T
	fillIn(reflect.ValueOf(&out).Elem())
	return out
}

func fillIn(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1, 0)))
			return
		}
		for i := range v.NumField() {
			fillIn(v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillIn(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fillIn(v.Index(0))
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(1)
	case reflect.Uint64:
		v.SetUint(1)
	default:
		v.SetInt(1)
	}
}
