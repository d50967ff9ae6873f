// Package providercontract is what every provider promises the hub, as tests.
//
// A provider's own test starts its SCM, a strict fake or a real server, describes
// it as an SCM, and calls Run:
//
//	func TestContract(t *testing.T) {
//		providercontract.Run(t, func(t *testing.T) *providercontract.SCM { … })
//	}
//
// Each case gets an SCM of its own. It reaches the provider by the interfaces of
// package providers alone, and compares what the provider says with what the SCM
// shows by other ways. contract.go lists the cases; docs/adding-an-scm.md walks
// through adding an SCM.
package providercontract
