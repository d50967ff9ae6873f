package ledger

import (
	"reflect"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// eachChange calls do with a status for each field that a status may have, the only one that is
// set, and with the field's path.
func eachChange(do func(path string, st v1alpha1.CommitStatusStatus)) {
	var into func(path string, at reflect.Value, whole func() v1alpha1.CommitStatusStatus)
	into = func(path string, at reflect.Value, whole func() v1alpha1.CommitStatusStatus) {
		before := reflect.ValueOf(at.Interface())
		defer func() { at.Set(before) }()
		switch at.Kind() {
		case reflect.Pointer:
			at.Set(reflect.New(at.Type().Elem()))
			if at.Type() != reflect.TypeFor[*metav1.Time]() {
				do(path+" that is empty", whole())
			}
			into(path, at.Elem(), whole)
		case reflect.Slice:
			at.Set(reflect.MakeSlice(at.Type(), 1, 1))
			do(path+" with an empty one", whole())
			into(path, at.Index(0), whole)
		case reflect.Struct:
			if at.Type() == reflect.TypeFor[metav1.Time]() {
				at.Set(reflect.ValueOf(metav1.NewTime(time.Unix(1_700_000_000, 0))))
				do(path, whole())
				return
			}
			for i := range at.NumField() {
				into(path+"."+at.Type().Field(i).Name, at.Field(i), whole)
			}
		case reflect.String:
			at.SetString("x")
			do(path, whole())
		case reflect.Bool:
			at.SetBool(true)
			do(path, whole())
		case reflect.Int64:
			at.SetInt(7)
			do(path, whole())
		default:
			panic(path + " is of a kind that this test does not know")
		}
	}
	var st v1alpha1.CommitStatusStatus
	into("status", reflect.ValueOf(&st).Elem(), func() v1alpha1.CommitStatusStatus { return *st.DeepCopy() })
}

func TestWordsOf_TellsEachFieldButTheSealAndTheTimeOfAConditionApart(t *testing.T) {
	g := NewWithT(t)
	said := map[uint64]string{statusHash(v1alpha1.CommitStatusStatus{}): "nothing"}
	same := map[string]string{
		"status.Provider.Seal":                 "status.Provider that is empty",
		"status.Conditions.LastTransitionTime": "status.Conditions with an empty one",
	}
	eachChange(func(path string, st v1alpha1.CommitStatusStatus) {
		before, known := said[statusHash(st)]
		g.Expect(before).To(Equal(same[path]), path)
		if !known {
			said[statusHash(st)] = path
		}
		again := *st.DeepCopy()
		g.Expect(statusHash(again)).To(Equal(statusHash(st)), path)
	})
	g.Expect(len(said)).To(BeNumerically(">", 30))
}

func TestWordsOf_TakesATimeForTheSameInAnotherZone(t *testing.T) {
	at := metav1.NewTime(time.Unix(1_700_000_000, 0).UTC())
	there := metav1.NewTime(at.In(time.FixedZone("there", 3600)))
	NewWithT(t).Expect(statusHash(v1alpha1.CommitStatusStatus{UpdatedAt: &at})).To(Equal(statusHash(v1alpha1.CommitStatusStatus{UpdatedAt: &there})))
}
