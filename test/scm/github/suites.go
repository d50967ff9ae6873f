package github

// CheckSuiteStatus is what GitHub shows of all runs that an App made on a commit: completed once
// each of them is, those that newer ones hide included, and none has to be written again; "" where
// there are none.
func (s *Server) CheckSuiteStatus(repository, sha string, app int64) (status string) {
	s.Do(func() {
		suite := s.runs.suites[suiteOf{app, fold(repository), fold(sha)}]
		if len(s.runs.rerequested[suite]) > 0 {
			status = statusQueued
			return
		}
		for _, r := range s.runs.byCommit[commit{fold(repository), fold(sha)}] {
			switch {
			case r.suite != suite:
			case r.Status != statusCompleted:
				status = statusInProgress
			case status == "":
				status = statusCompleted
			}
		}
	})
	return status
}

// RerequestCheckSuite has a user press "Re-run all checks" for an App. GitHub resets the suite and
// no run: the suite stays queued until each name has been written again, changed or not.
func (s *Server) RerequestCheckSuite(repository, sha string, app int64) {
	s.Do(func() {
		suite := s.runs.suites[suiteOf{app, fold(repository), fold(sha)}]
		names := map[string]bool{}
		for _, r := range s.runs.byCommit[commit{fold(repository), fold(sha)}] {
			if r.suite == suite {
				names[r.Name] = true
			}
		}
		s.runs.rerequested[suite] = names
	})
}

// written takes in that an App has written a run.
func (c *checkRuns) written(r *run) { delete(c.rerequested[r.suite], r.Name) }
