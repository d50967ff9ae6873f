package kubeconfigs

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// heapLimit is by how much an answer of a member may make the heap grow, whatever its size.
const heapLimit = 64 << 20

// growth is by how much the heap grew at most while do ran.
func growth(do func()) uint64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var most uint64
	ctx, end := context.WithCancel(context.Background())
	var sampling sync.WaitGroup
	sampling.Go(func() {
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for {
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	})
	do()
	end()
	sampling.Wait()
	return most - min(most, before.HeapAlloc)
}

// zipped answers a text of so many repeated pieces between two others, compressed.
func zipped(status int, before, piece string, pieces int, after string) http.HandlerFunc {
	block := strings.Repeat(piece, max(1, (16<<10)/max(1, len(piece))))
	size := pieces * len(piece)
	packed := newPacked(before)
	packed.repeat(block, size/max(1, len(block)))
	packed.repeat(block[:size%max(1, len(block))], 1)
	packed.repeat(after, 1)
	body := packed.close()
	return func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "application/json")
		out.Header().Set("Content-Encoding", "gzip")
		out.WriteHeader(status)
		_, _ = out.Write(body)
	}
}

// packed is what gzip makes of a text. It compresses what is repeated once: with the race detector
// that takes longer than all that is tested of the answer.
type packed struct {
	bytes.Buffer
	sum  hash.Hash32
	size uint32
}

func newPacked(text string) *packed {
	p := &packed{sum: crc32.NewIEEE()}
	p.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}) // RFC 1952: gzip, deflate, of no known time and system
	p.repeat(text, 1)
	return p
}

// repeat adds a text so many times. Each is a deflate stream that ends at a byte, and refers to
// nothing before it.
func (p *packed) repeat(text string, times int) {
	var block bytes.Buffer
	deflate, _ := flate.NewWriter(&block, flate.DefaultCompression)
	_, _ = io.WriteString(deflate, text)
	_ = deflate.Flush()
	for range times {
		p.Write(block.Bytes())
		_, _ = io.WriteString(p.sum, text)
		p.size += uint32(len(text))
	}
}

// close returns the whole.
func (p *packed) close() []byte {
	p.Write([]byte{1, 0, 0, 0xff, 0xff}) // RFC 1951: the last block, which is empty
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(p.Bytes(), p.sum.Sum32()), p.size)
}

func TestPacked_IsWhatWasPacked(t *testing.T) {
	g := NewWithT(t)
	p := newPacked("before ")
	p.repeat("again ", 1000)
	p.repeat("after", 1)
	text, err := gzip.NewReader(bytes.NewReader(p.close()))
	g.Expect(err).NotTo(HaveOccurred())
	whole, err := io.ReadAll(text)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(whole)).To(Equal("before " + strings.Repeat("again ", 1000) + "after"))
}

const (
	statusHead = `{"apiVersion":"commit-status.argoproj.io/v1alpha1","kind":"CommitStatus",`
	statusMeta = `"metadata":{"name":"a","namespace":"team","uid":"u","resourceVersion":"7"`
	listStart  = `{"apiVersion":"commit-status.argoproj.io/v1alpha1","kind":"CommitStatusList","metadata":{"resourceVersion":"7"},"items":[`
)

// blowups are objects that are small on the wire: what comes before many pieces, one of them,
// and what comes after.
var blowups = map[string][3]string{
	"conditions":      {statusHead + statusMeta + `},"status":{"conditions":[{}`, `,{}`, `]}}`},
	"ownerReferences": {statusHead + statusMeta + `,"ownerReferences":[{}`, `,{}`, `]}}`},
	"managedFields":   {statusHead + statusMeta + `,"managedFields":[{}`, `,{}`, `]}}`},
	"finalizers":      {statusHead + statusMeta + `,"finalizers":[""`, `,""`, `]}}`},
	"annotations":     {statusHead + statusMeta + `,"annotations":{"a":""`, `,"a":""`, `}}}`},
	"labels":          {statusHead + statusMeta + `,"labels":{"":""`, `,"":""`, `}}}`},
	"a status's list": {statusHead + statusMeta + `},"status":[{}`, `,{}`, `]}`},
	"unknown fields":  {statusHead + statusMeta + `},"spec":{"a":[{}`, `,{}`, `]}}`},
	"deep arrays":     {statusHead + statusMeta + `},"spec":{"a":`, `[`, ``},
	"deep objects":    {statusHead + statusMeta + `},"spec":{"a":`, `{"a":`, ``},
	"a long name":     {statusHead + `"metadata":{"name":"`, `a`, `"}}`},
	"a long field":    {statusHead + `"`, `a`, `":1}`},
	"a long text":     {statusHead + statusMeta + `},"spec":{"description":"`, `a`, `"}}`},
	"escapes":         {statusHead + statusMeta + `},"spec":{"description":"`, `\u0000`, `"}}`},
}

// blowup is how large they are: within the limits of a page, and of an event.
const blowup = 7 << 20

// hostile makes a connection to a member that answers this.
func hostile(t *testing.T, answer http.HandlerFunc) *connection {
	return connect(t, serve(t, true, answer), defaultDeadlines)
}

// feedOf is a reflector of a member's CommitStatuses, whose watch ends with ctx.
func feedOf(t *testing.T, c *connection) *reflector {
	t.Helper()
	return feedIn(t, c, New(Options{Clock: clocktesting.NewFakeClock(time.Now()), Scheme: clusters.Scheme()}))
}

// feedIn is a reflector of a member of a provider.
func feedIn(t *testing.T, c *connection, p *Provider) *reflector {
	t.Helper()
	g := NewWithT(t)
	api, err := c.api(p.codec())
	g.Expect(err).NotTo(HaveOccurred())
	bounds := newObjectLimiters(p, "eu", func() {}, func(error) {})
	made, err := newMemberCache(api, p.codec(), p.options, nil, nil, bounds).newInformer(commitStatus)
	g.Expect(err).NotTo(HaveOccurred())
	return made.reflectors[0]
}

var commitStatus = v1alpha1.GroupVersion.WithKind("CommitStatus")

func TestNoAnswerOfAMemberFillsTheHeap(t *testing.T) {
	if testing.Short() {
		t.Skip("sends some hundred MiB")
	}
	try := func(name string, answer http.HandlerFunc, do func(t *testing.T, c *connection)) {
		t.Run(name, func(t *testing.T) {
			c := hostile(t, answer)
			most := growth(func() { do(t, c) })
			t.Logf("%d MiB", most>>20)
			if most > heapLimit {
				t.Errorf("the heap grew by %d MiB", most>>20)
			}
		})
	}
	list := func(t *testing.T, c *connection) { _, _ = feedOf(t, c).relist(t.Context()) }
	watch := func(t *testing.T, c *connection) { _, _ = feedOf(t, c).watch(t.Context(), "7") }
	checked := func(t *testing.T, c *connection) { _, _ = check(t.Context(), c, newCodec(clusters.Scheme()), nil) }
	others := func(t *testing.T, c *connection) { ask(t, c) }
	for _, size := range []int{blowup, 10 * blowup} {
		items := fmt.Sprintf(" of %d MiB", size>>20)
		try("a list of empty items"+items, zipped(200, listStart+"{}", ",{}", size/3, "]}"), list)
		try("a check of a list of empty items"+items, zipped(200, listStart+"{}", ",{}", size/3, "]}"), checked)
	}
	for name, b := range blowups {
		pieces := blowup / len(b[1])
		try("a list with "+name, zipped(200, listStart+b[0], b[1], pieces, b[2]+"]}"), list)
		try("an event with "+name, zipped(200, `{"type":"ADDED","object":`+b[0], b[1], pieces, b[2]+"}"), watch)
		try("an answer with "+name, zipped(200, b[0], b[1], pieces, b[2]), others)
		try("an error with "+name, zipped(403, b[0], b[1], pieces, b[2]), others)
	}
	try("an error with causes", zipped(422, `{"apiVersion":"v1","kind":"Status","details":{"causes":[{}`, `,{}`, blowup/3, `]}}`), list)
	try("an error event with causes", zipped(200, `{"type":"ERROR","object":{"apiVersion":"v1","kind":"Status","details":{"causes":[{}`, `,{}`, blowup/3, `]}}}`), watch)
	try("an error event with a message", zipped(200, `{"type":"ERROR","object":{"apiVersion":"v1","kind":"Status","message":"`, `a`, blowup, `"}}`), watch)
	try("a page of fat objects", fatPage, list)
	try("objects of many values", manyValues, list)
	try("a long continue", zipped(200, listStart[:len(listStart)-len(`},"items":[`)]+`,"continue":"`, "a", blowup, `"},"items":[]}`), list)
	try("thousands of warnings", func(out http.ResponseWriter, r *http.Request) {
		for n := range 4000 {
			out.Header().Add("Warning", fmt.Sprintf(`299 - "this is warning %d"`, n))
		}
		zipped(200, listStart, "", 0, "]}")(out, r)
	}, list)
}

// fatPage answers as many objects as were asked for, each as large as may be.
func fatPage(out http.ResponseWriter, r *http.Request) {
	object := statusHead + statusMeta + `},"spec":{"description":"` + strings.Repeat("é", 65_000) + `"},"status":{"description":"` + strings.Repeat("ü", 65_000) + `"}}`
	zipped(200, listStart+object, ","+object, 499, "]}")(out, r)
}

// manyValues answers with objects that are smaller than the limit, and a hundred times as large
// once they are decoded.
func manyValues(out http.ResponseWriter, r *http.Request) {
	conditions := (objectLimit - metadataLimit - 1024) / len(`,{}`)
	object := statusHead + statusMeta + `},"status":{"conditions":[{}` + strings.Repeat(`,{}`, conditions) + `]}}`
	zipped(200, listStart+object, ","+object, 7, "]}")(out, r)
}

// ask asks for all that is decoded as a whole.
func ask(t *testing.T, c *connection) {
	t.Helper()
	api, err := client.New(c.config, client.Options{HTTPClient: c.client, Scheme: clusters.Scheme(), Mapper: mapper()})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	object := &v1alpha1.CommitStatus{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "a"}}
	_ = api.Status().Patch(t.Context(), object, client.RawPatch("application/merge-patch+json", []byte(`{}`)))
	_ = api.List(t.Context(), &v1alpha1.CommitStatusList{})
	token := &authenticationv1.TokenRequest{}
	rest, err := c.api(newCodec(clusters.Scheme()))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	_ = rest.Post().AbsPath("/api/v1/namespaces/a/serviceaccounts/b/token").Body(token).Do(t.Context()).Into(token)
}

func TestHeadersOfAMemberAreBounded(t *testing.T) {
	bothProtocols(t, func(t *testing.T, http2 bool) {
		for size, fine := range map[int]bool{headersLimit / 2: true, 2 * headersLimit: false} {
			g := NewWithT(t)
			c := connect(t, serve(t, http2, func(out http.ResponseWriter, _ *http.Request) {
				out.Header().Set("Warning", `299 - "`+strings.Repeat("x", size)+`"`)
			}), defaultDeadlines)
			response, err := c.get(t, "/")
			g.Expect(err == nil).To(Equal(fine), "%d: %v", size, err)
			if err == nil {
				g.Expect(response.Body.Close()).To(Succeed())
			}
		}
	})
}

func TestAnAnswerIsOfTextWhoseValuesAreCounted(t *testing.T) {
	for kind, fine := range map[string]bool{
		"application/json": true, "application/json; charset=utf-8": true, "text/plain": true, "": true,
		"application/vnd.kubernetes.protobuf": false, "application/cbor": false, "nonsense/": false,
	} {
		g := NewWithT(t)
		c := hostile(t, func(out http.ResponseWriter, _ *http.Request) {
			out.Header()["Content-Type"] = []string{kind}
			_, _ = io.WriteString(out, "{}")
		})
		response, err := c.get(t, "/api/v1/namespaces/a/serviceaccounts/b/token")
		g.Expect(err == nil).To(Equal(fine), kind)
		if err == nil {
			g.Expect(response.Body.Close()).To(Succeed())
		}
	}
	g := NewWithT(t)
	_, err := io.ReadAll(&counted{ReadCloser: io.NopCloser(strings.NewReader(` {"a":[` + strings.Repeat("1,", answerValues) + `1]}`))})
	g.Expect(errors.Is(err, errTooMany)).To(BeTrue())
	text := `{"a":"` + strings.Repeat("{,", answerValues) + `"}`
	read, err := io.ReadAll(&counted{ReadCloser: io.NopCloser(strings.NewReader(text))})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(read)).To(Equal(text))
}

// A member has the hub ask for ever larger pages, and then answers with what cannot be read.
func TestNoGrownPageOfAMemberFillsTheHeap(t *testing.T) {
	for name, item := range map[string]string{
		"empty items": `{}`,
		"named items": `{"metadata":{"name":"a","namespace":"t"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			var limits []string
			c := hostile(t, func(out http.ResponseWriter, r *http.Request) {
				limit, more := r.URL.Query().Get("limit"), r.URL.Query().Get("continue")
				limits = append(limits, limit)
				switch {
				case more != "":
					out.Header().Set("Content-Type", "application/json")
					out.WriteHeader(http.StatusGone)
					_, _ = fmt.Fprint(out, `{"apiVersion":"v1","kind":"Status","status":"Failure","reason":"Expired","code":410}`)
				case limit == "256000":
					zipped(200, listStart+item, ","+item, 250_000, "]}")(out, r)
				default:
					out.Header().Set("Content-Type", "application/json")
					_, _ = fmt.Fprint(out, strings.Replace(listStart, `"7"`, `"7","continue":"more"`, 1)+"{}]}")
				}
			})
			most := growth(func() { _, _ = feedOf(t, c).relist(t.Context()) })
			t.Logf("%v: %d MiB", limits, most>>20)
			if most > heapLimit {
				t.Errorf("the heap grew by %d MiB", most>>20)
			}
		})
	}
}

// Errors that quote what a member sent are kept until the end of a page.
func TestNoErrorsOfAPageFillTheHeap(t *testing.T) {
	item := `{"metadata":{"name":"a","namespace":"t","uid":"u","resourceVersion":"7","generation":` + strings.Repeat("9", 1_900_000) + `}}`
	c := hostile(t, zipped(200, listStart+item, ","+item, 7, "]}"))
	most := growth(func() { _, _ = feedOf(t, c).relist(t.Context()) })
	t.Logf("%d MiB", most>>20)
	if most > heapLimit {
		t.Errorf("the heap grew by %d MiB", most>>20)
	}
}

// The token of other tests is too short to be hidden.
func TestNoAnswerToAWriteFillsTheHeapWhereATokenIsHidden(t *testing.T) {
	for name, b := range map[string][3]string{
		"an escape":      {statusHead + statusMeta + `},"spec":{"description":"\u0001`, `a`, `"}}`},
		"many escapes":   {statusHead + statusMeta + `},"spec":{"description":"`, `\u0061`, `"}}`},
		"nested escapes": {statusHead + statusMeta + `},"spec":{"description":"\u0001`, `\\`, `"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			access := serve(t, true, zipped(200, b[0], b[1], (answerLimit-1024)/len(b[1]), b[2]))
			access.BearerToken = strings.Repeat("abcdefgh", 100)
			c := connect(t, access, defaultDeadlines)
			most := growth(func() { ask(t, c) })
			t.Logf("%d MiB", most>>20)
			if most > heapLimit {
				t.Errorf("the heap grew by %d MiB", most>>20)
			}
		})
	}
}

// One member has many namespaces, and holds up an object of each.
func TestHeldUpObjectsOfAMemberDoNotFillTheHeapTogether(t *testing.T) {
	const watches = 60
	for name, tc := range map[string]struct{ annotation, description int }{
		"as large as they may be":     {metadataLimit - identityRoom - 100, largeObject - 100},
		"larger than all of them may": {metadataLimit - identityRoom - 100, objectLimit - metadataLimit - 100},
		"larger than any may be":      {3 << 20, 3 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			before := liveHeap()
			half := `{"type":"ADDED","object":{"metadata":{"annotations":{"a":"` + strings.Repeat("x", tc.annotation) + `"},"name":"a"},"spec":{"description":"` +
				strings.Repeat("x", tc.description) + `"`
			stall := make(chan struct{})
			var halves atomic.Int32
			c := hostile(t, func(out http.ResponseWriter, r *http.Request) {
				out.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(out, half)
				out.(http.Flusher).Flush()
				halves.Add(1)
				select {
				case <-stall:
				case <-r.Context().Done():
				}
			})
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			p := New(Options{Clock: clocktesting.NewFakeClock(time.Now()), Scheme: clusters.Scheme()})
			var group sync.WaitGroup
			for range watches {
				f := feedIn(t, c, p)
				group.Go(func() { _, _ = f.watch(ctx, "7") })
			}
			g.Eventually(halves.Load).WithTimeout(2*time.Minute).Should(BeNumerically("==", watches), "360 MiB are read with the race detector")
			g.Consistently(func() int64 { return (liveHeap() - before - int64(len(half))) >> 20 }).Should(BeNumerically("<", 64))
			close(stall)
			cancel()
			group.Wait()
		})
	}
}
