package deploy_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	. "github.com/onsi/gomega"
	lua "github.com/yuin/gopher-lua"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// health is what Argo CD makes of an object.
type health struct{ status, message string }

// healthOf runs the health check as Argo CD does: with the object as obj, and with few libraries.
func healthOf(t *testing.T, object any) health {
	t.Helper()
	g := NewWithT(t)
	script, err := os.ReadFile("argocd/health.lua")
	g.Expect(err).NotTo(HaveOccurred())
	text, err := json.Marshal(object)
	g.Expect(err).NotTo(HaveOccurred())
	var fields map[string]any
	g.Expect(json.Unmarshal(text, &fields)).To(Succeed())

	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
	} {
		g.Expect(l.CallByParam(lua.P{Fn: l.NewFunction(open), Protect: true}, lua.LString(name))).To(Succeed())
	}
	l.SetGlobal("obj", luaOf(l, fields))
	g.Expect(l.DoString(string(script))).To(Succeed())
	result, ok := l.Get(-1).(*lua.LTable)
	g.Expect(ok).To(BeTrue())
	return health{status: result.RawGetString("status").String(), message: result.RawGetString("message").String()}
}

// luaOf is a value of JSON in Lua.
func luaOf(l *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case map[string]any:
		table := l.NewTable()
		for key, field := range value {
			table.RawSetString(key, luaOf(l, field))
		}
		return table
	case []any:
		table := l.NewTable()
		for _, item := range value {
			table.Append(luaOf(l, item))
		}
		return table
	case string:
		return lua.LString(value)
	case float64:
		return lua.LNumber(value)
	case bool:
		return lua.LBool(value)
	}
	return lua.LNil
}

// readyFor is a Ready condition that answers a generation.
func readyFor(generation int64, status metav1.ConditionStatus, reason string) metav1.Condition {
	return metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: status, Reason: reason, Message: "it is " + reason, ObservedGeneration: generation,
	}
}

func TestArgoCD_ShowsTheHealthOfEachState(t *testing.T) {
	unrecorded := metav1.Condition{Type: v1alpha1.ConditionBudgetsRecorded, Status: metav1.ConditionFalse, Message: "not recorded", ObservedGeneration: 2}
	recorded := metav1.Condition{Type: v1alpha1.ConditionBudgetsRecorded, Status: metav1.ConditionTrue, Message: "recorded"}
	waits := health{"Progressing", "The hub has not answered this spec yet"}
	for name, c := range map[string]struct {
		conditions []metav1.Condition
		want       health
	}{
		"no status":            {nil, waits},
		"another condition":    {[]metav1.Condition{recorded}, waits},
		"synced, of old":       {[]metav1.Condition{readyFor(1, metav1.ConditionTrue, v1alpha1.ReasonSynced)}, waits},
		"failed, of old":       {[]metav1.Condition{readyFor(1, metav1.ConditionFalse, v1alpha1.ReasonInvalid)}, waits},
		"suspended, of old":    {[]metav1.Condition{readyFor(1, metav1.ConditionUnknown, v1alpha1.ReasonSuspended)}, waits},
		"no generation":        {[]metav1.Condition{readyFor(0, metav1.ConditionTrue, v1alpha1.ReasonSynced)}, waits},
		"synced":               {[]metav1.Condition{readyFor(2, metav1.ConditionTrue, v1alpha1.ReasonSynced)}, health{"Healthy", "it is Synced"}},
		"shared":               {[]metav1.Condition{readyFor(2, metav1.ConditionTrue, v1alpha1.ReasonShared)}, health{"Healthy", "it is Shared"}},
		"aggregated":           {[]metav1.Condition{readyFor(2, metav1.ConditionTrue, v1alpha1.ReasonAggregated)}, health{"Healthy", "it is Aggregated"}},
		"conflict":             {[]metav1.Condition{readyFor(2, metav1.ConditionFalse, v1alpha1.ReasonConflict)}, health{"Degraded", "it is Conflict"}},
		"drifted":              {[]metav1.Condition{readyFor(2, metav1.ConditionFalse, v1alpha1.ReasonDrifted)}, health{"Degraded", "it is Drifted"}},
		"denied":               {[]metav1.Condition{readyFor(2, metav1.ConditionFalse, v1alpha1.ReasonDenied)}, health{"Degraded", "it is Denied"}},
		"pending":              {[]metav1.Condition{readyFor(2, metav1.ConditionUnknown, v1alpha1.ReasonPending)}, health{"Progressing", "it is Pending"}},
		"suspended":            {[]metav1.Condition{readyFor(2, metav1.ConditionUnknown, v1alpha1.ReasonSuspended)}, health{"Suspended", "it is Suspended"}},
		"ready, not recorded":  {[]metav1.Condition{unrecorded, readyFor(2, metav1.ConditionTrue, v1alpha1.ReasonReady)}, health{"Degraded", "not recorded"}},
		"ready, recorded":      {[]metav1.Condition{recorded, readyFor(2, metav1.ConditionTrue, v1alpha1.ReasonReady)}, health{"Healthy", "it is Ready"}},
		"failed, not recorded": {[]metav1.Condition{unrecorded, readyFor(2, metav1.ConditionFalse, v1alpha1.ReasonCredentialsInvalid)}, health{"Degraded", "it is CredentialsInvalid"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			meta := metav1.ObjectMeta{Name: "shown", Namespace: "team-a", Generation: 2}
			g.Expect(healthOf(t, &v1alpha1.CommitStatus{ObjectMeta: meta, Status: v1alpha1.CommitStatusStatus{Conditions: c.conditions}})).To(Equal(c.want))
			g.Expect(healthOf(t, &v1alpha1.ScmProvider{ObjectMeta: meta, Status: v1alpha1.ScmProviderStatus{Conditions: c.conditions}})).To(Equal(c.want))
		})
	}
}

func TestArgoCD_TakesNoStatusThatTheAPIServerMade(t *testing.T) {
	g := NewWithT(t)
	for _, status := range []map[string]any{nil, {}, {"observedGeneration": -1}, {"conditions": []any{}}} {
		object := map[string]any{"metadata": map[string]any{"generation": 1}}
		if status != nil {
			object["status"] = status
		}
		g.Expect(healthOf(t, object).status).To(Equal("Progressing"), "%v", status)
	}
}

func TestArgoCD_ConfigMapHasTheHealthCheckOfBothKinds(t *testing.T) {
	g := NewWithT(t)
	script, err := os.ReadFile("argocd/health.lua")
	g.Expect(err).NotTo(HaveOccurred())
	text, err := os.ReadFile("argocd/argocd-cm.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	var patch corev1.ConfigMap
	g.Expect(yaml.UnmarshalStrict(text, &patch)).To(Succeed())
	g.Expect(patch.Name).To(Equal("argocd-cm"))
	want := map[string]string{}
	for _, kind := range []string{"CommitStatus", "ScmProvider"} {
		want[fmt.Sprintf("resource.customizations.health.%s_%s", group, kind)] = string(script)
	}
	g.Expect(patch.Data).To(Equal(want))
}
