package ledger

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

const (
	// sealRight stands in memory for a seal that was right when its object was read: a seal is
	// computed where a status is published, and not kept.
	sealRight = "right"
	// sealDue marks a status that is to be sealed when it is published.
	sealDue = "due"
	// sealSize is the length of a seal in bytes, before its encoding.
	sealSize = 16
	// MinSealKey is the least length of a key in bytes.
	MinSealKey = 32
)

// SealKey is a key that seals are made with. It prints as ***.
type SealKey []byte

// String prints nothing of the key.
func (SealKey) String() string { return "***" }

// GoString prints nothing of the key.
func (SealKey) GoString() string { return "***" }

// MarshalText prints nothing of the key.
func (SealKey) MarshalText() ([]byte, error) { return []byte("***"), nil }

// Seals makes and checks the seals of statuses: a MAC over what the hub knows of the SCM, with
// a secret of the hub's own. Users who can change a status cannot make one. A nil seals makes
// none, and accepts none.
type Seals struct {
	mu sync.RWMutex
	// keys are those that are known: the first one makes seals, each one proves them.
	keys []SealKey
}

// Set replaces the keys. One that is too short counts as none.
func (s *Seals) Set(current, previous []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = nil
	for i, key := range [][]byte{current, previous} {
		switch {
		case len(key) >= MinSealKey:
			s.keys = append(s.keys, key)
		case i == 0:
			return // nothing is sealed with a key that is on its way out
		}
	}
}

// Of returns the seal of an object's status, "" without a key.
func (s *Seals) Of(uid types.UID, st v1alpha1.CommitStatusStatus) string {
	keys := s.Known()
	if len(keys) == 0 || st.Provider == nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(macOf(keys[0], sealed(uid, st)))
}

// Right reports whether the seal in an object's status is one of ours.
func (s *Seals) Right(uid types.UID, st v1alpha1.CommitStatusStatus) bool {
	if st.Provider == nil || len(st.Provider.Seal) != base64.RawURLEncoding.EncodedLen(sealSize) {
		return false
	}
	given, err := base64.RawURLEncoding.Strict().DecodeString(st.Provider.Seal)
	if err != nil {
		return false
	}
	words := sealed(uid, st)
	for _, key := range s.Known() {
		if hmac.Equal(given, macOf(key, words)) {
			return true
		}
	}
	return false
}

// HaveKey reports whether there is a key to seal with.
func (s *Seals) HaveKey() bool { return len(s.Known()) > 0 }

// Known returns the keys: the first one seals, each one proves. There may be none.
func (s *Seals) Known() []SealKey {
	if s == nil {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.keys
}

func macOf(key SealKey, words []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(words)
	return mac.Sum(nil)[:sealSize]
}

// sealed is what a seal is about: whose status it is, which spec that answers, where the SCM
// shows something, and what. An older status of the same object answers another spec.
func sealed(uid types.UID, st v1alpha1.CommitStatusStatus) []byte {
	handle := *st.Provider
	handle.Seal = ""
	// There is nothing in it that cannot be encoded.
	words, _ := json.Marshal([]any{
		"commit-status-hub/seal/1", uid, st.ObservedGeneration, st.ScmProvider, st.Repo, st.SHA, st.Name,
		handle, st.Phase, st.Description, st.URL,
	})
	return words
}

// Unsealed is a status without its seal, which says nothing of its own.
func Unsealed(st v1alpha1.CommitStatusStatus) v1alpha1.CommitStatusStatus {
	if st.Provider != nil && st.Provider.Seal != "" {
		handle := *st.Provider
		handle.Seal = ""
		st.Provider = &handle
	}
	return st
}

// proven reports whether the status of an object is what a hub of ours published about the
// spec as it is now.
func proven(object *v1alpha1.CommitStatus) bool {
	st := object.Status
	return st.Provider != nil && st.Provider.Seal == sealRight && st.ObservedGeneration == object.Generation
}
