package onboard

import (
	"context"
	"fmt"
	"strings"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// checkup is one Check on its way.
type checkup struct {
	visit      *kubeconfigs.Visit
	client     *kubernetes.Clientset
	namespaces []string
	// remedy is the command for what is wrong in the member, addressRemedy for the way there.
	remedy, addressRemedy string
	// lacksCRD reports whether remedy installs the CRDs.
	lacksCRD bool
	findings []Finding
}

func (c *checkup) add(outcome Outcome, what, remedy string) {
	c.findings = append(c.findings, Finding{Outcome: outcome, What: what, Remedy: remedy})
}

// addCRD adds a CRD that has to be installed. The same command then repairs whatever else is
// missing in the member.
func (c *checkup) addCRD(outcome Outcome, what string) {
	if !c.lacksCRD {
		c.lacksCRD = true
		c.remedy += " --crds"
	}
	c.add(outcome, what, c.remedy)
}

// credential reports whether the credential has not expired, by its own content.
func (c *checkup) credential(now time.Time) bool {
	expiry := c.visit.CredentialExpiry
	if expiry.IsZero() || expiry.After(now) {
		return true
	}
	c.add(Missing, "a "+c.visit.Credential+" that is still good: it ended at "+expiry.Format(time.RFC3339), c.remedy)
	return false
}

// reach reports whether the member responds and accepts the credential.
func (c *checkup) reach(ctx context.Context) bool {
	_, err := c.client.Discovery().RESTClient().Get().AbsPath("/version").DoRaw(ctx)
	if err != nil && !apierrors.IsForbidden(err) {
		health, remedy := c.visit.Diagnose(err), c.addressRemedy
		if health.State == kubeconfigs.Denied {
			remedy = c.remedy
		}
		c.add(Missing, "an answer from "+c.visit.Server+": "+health.Message, remedy)
		return false
	}
	c.add(OK, "answers at "+c.visit.Server+" and takes the credential", "")
	return true
}

// crds finds out whether the kinds are served, with all fields.
func (c *checkup) crds(ctx context.Context) error {
	served, err := servedResources(c.client.Discovery())
	if err != nil {
		return fmt.Errorf("in the member: %w", err)
	}
	for _, resource := range resources {
		crd := "CRD " + resource + "." + v1alpha1.GroupVersion.Group
		switch {
		case !served[resource]:
			c.addCRD(Missing, crd)
		case resource == resources[0]:
			c.fields(ctx, crd)
		default:
			c.add(OK, crd, "")
		}
	}
	return nil
}

// fields compares the status that the member keeps with the one that the hub writes.
func (c *checkup) fields(ctx context.Context, crd string) {
	path := "/openapi/v3/apis/" + v1alpha1.GroupVersion.String()
	document, err := c.client.Discovery().RESTClient().Get().AbsPath(path).SetHeader("Accept", "application/json").DoRaw(ctx)
	var served *fields
	if err == nil {
		served, err = servedFields(document)
	}
	if err != nil {
		c.add(Unknown, crd+": the member does not tell its fields", "")
		return
	}
	if lacking := compare(writtenFields(), served, "status"); len(lacking) > 0 {
		c.addCRD(Outdated, crd+" lacks "+strings.Join(lacking, ", "))
		return
	}
	c.add(OK, crd, "")
}

// rights asks the member's authorizer for each right that the hub needs.
func (c *checkup) rights(ctx context.Context) error {
	for _, question := range c.questions() {
		review := &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &question},
		}
		answer, err := c.client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		switch {
		case err != nil:
			return fmt.Errorf("asking the member whether the hub may %s: %w", say(question), err)
		case answer.Status.Allowed:
			c.add(OK, "may "+say(question), "")
		default:
			c.add(Missing, "may "+say(question), c.remedy)
		}
	}
	return nil
}

// questions are the rights in all namespaces or in each of some, and the one to ask
// for tokens, where the token is one that ends.
func (c *checkup) questions() []authorizationv1.ResourceAttributes {
	namespaces := c.namespaces
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	var questions []authorizationv1.ResourceAttributes
	for _, namespace := range namespaces {
		questions = append(questions, asked(Rights(), namespace)...)
	}
	claims := c.visit.Claims
	if claims.Name == "" || claims.Expiry.IsZero() {
		return questions
	}
	for _, question := range asked(tokenRights(), claims.Namespace) {
		question.Name = claims.Name
		questions = append(questions, question)
	}
	return questions
}
