package ratelimit

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	. "github.com/onsi/gomega"
)

var errShut = errors.New("shut")

func beWithheld(g Gomega, err error) {
	var withheld *Withheld
	g.Expect(errors.As(err, &withheld)).To(BeTrue(), "%v", err)
	g.Expect(err).To(MatchError(errShut))
}

func TestWhatTheGateWithholdsIsNotSentAndCostsNothing(t *testing.T) {
	g := NewWithT(t)
	s := newSCM(t, status(http.StatusOK), nil)
	s.all.SetLimits(s.ID(), "only", Limits{RequestsPerHour: 2, MaxInFlight: 1})
	shut := true
	s.all.Gate(func() error {
		if shut {
			return errShut
		}
		return nil
	})
	ctx := WithOperation(timeout(t), "github", "create_check_run")
	slot, _ := s.Bucket().reserve(start, nil, 1)
	for _, made := range []context.Context{WithSlot(ctx, slot), WithSlot(ctx, slot), WithoutBudget(ctx)} {
		_, err := s.do(made, http.MethodPost)
		beWithheld(g, err)
	}
	slot.done(start)
	_, err := s.do(ctx, http.MethodGet)
	beWithheld(g, err)
	g.Expect(s.calls.Load()).To(BeZero())
	g.Expect(s.Bucket().InFlight()).To(BeZero())
	g.Expect(counted(g, "commit_status_hub_scm_requests_total",
		"code=error,installation="+s.ID()+",operation=create_check_run,provider=github")).To(BeZero(), "it is no attempt")

	shut = false
	for range 2 {
		_, err = s.do(ctx, http.MethodGet)
		g.Expect(err).NotTo(HaveOccurred())
	}
	_, err = s.do(ctx, http.MethodGet)
	var throttled *Throttled
	g.Expect(errors.As(err, &throttled)).To(BeTrue(), "the whole budget was there, and no more")
}

func TestWhatTheGateWithholdsIsNoOutage(t *testing.T) {
	g := NewWithT(t)
	s := newSCM(t, status(http.StatusOK), nil)
	s.all.Gate(func() error { return errShut })
	for i := range tripping + 1 {
		slot, _ := s.Bucket().reserve(start, i, 1)
		_, err := s.do(WithSlot(timeout(t), slot), http.MethodPost)
		beWithheld(g, err)
		slot.done(start)
	}
	s.all.Gate(func() error { return nil })
	_, err := s.do(timeout(t), http.MethodPost)
	g.Expect(err).NotTo(HaveOccurred())
}

func TestTheGateIsAskedAgainWhenAConnectionHadToBeMade(t *testing.T) {
	g := NewWithT(t)
	s := newSCM(t, status(http.StatusOK), nil)
	asked := 0
	s.all.Gate(func() error {
		if asked++; asked == 2 {
			return errShut
		}
		return nil
	})
	_, err := s.do(timeout(t), http.MethodPost)
	beWithheld(g, err)
	g.Expect(s.calls.Load()).To(BeZero())
	for range 2 {
		_, err = s.do(timeout(t), http.MethodPost)
		g.Expect(err).NotTo(HaveOccurred())
	}
	g.Expect(asked).To(Equal(5), "before each of three requests, and after two connections")
}

func TestNoRequestStartsAfterTheGateIsShut(t *testing.T) {
	g := NewWithT(t)
	s := newSCM(t, status(http.StatusOK), nil)
	s.all.SetLimits(s.ID(), "only", Limits{})
	var left atomic.Int32
	left.Store(20)
	s.all.Gate(func() error {
		if left.Add(-1) < 0 {
			return errShut
		}
		return nil
	})
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for {
				if _, err := s.do(timeout(t), http.MethodPost); err != nil {
					beWithheld(g, err)
					return
				}
			}
		})
	}
	workers.Wait()
	g.Expect(s.calls.Load()).To(BeNumerically("<=", 20))
	g.Expect(s.Bucket().InFlight()).To(BeZero())
}
