package onboard

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/deploy"
)

// fields is as much of an OpenAPI schema as says which fields are kept.
type fields struct {
	Properties map[string]*fields `json:"properties"`
	Items      *fields            `json:"items"`
	KeepsAll   bool               `json:"x-kubernetes-preserve-unknown-fields"`
	Kinds      []struct {
		Kind string `json:"kind"`
	} `json:"x-kubernetes-group-version-kind"`
}

// writtenFields are those of a CommitStatus's status that this version writes.
func writtenFields() *fields {
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(deploy.CommitStatusCRD, &crd); err != nil {
		panic(err) // the file is a part of this program
	}
	for _, version := range crd.Spec.Versions {
		if version.Name == v1alpha1.GroupVersion.Version {
			return fieldsOf(version.Schema.OpenAPIV3Schema).Properties["status"]
		}
	}
	panic("the CRD lacks its version")
}

func fieldsOf(schema *apiextensionsv1.JSONSchemaProps) *fields {
	f := &fields{Properties: map[string]*fields{}}
	for name := range schema.Properties {
		property := schema.Properties[name]
		f.Properties[name] = fieldsOf(&property)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		f.Items = fieldsOf(schema.Items.Schema)
	}
	return f
}

// servedFields finds those of a CommitStatus's status in the OpenAPI document of the
// group; nil where it has none.
func servedFields(document []byte) (*fields, error) {
	var served struct {
		Components struct {
			Schemas map[string]*fields `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(document, &served); err != nil {
		return nil, fmt.Errorf("reading the member's OpenAPI document: %w", err)
	}
	for _, schema := range served.Components.Schemas {
		for _, kind := range schema.Kinds {
			if kind.Kind == "CommitStatus" {
				return schema.Properties["status"], nil
			}
		}
	}
	return nil, nil
}

// compare returns the wanted fields that the served ones lack, as paths.
func compare(wanted, served *fields, path string) []string {
	switch {
	case served == nil:
		return []string{path}
	case served.KeepsAll:
		return nil
	}
	var lacking []string
	for _, name := range slices.Sorted(maps.Keys(wanted.Properties)) {
		lacking = append(lacking, compare(wanted.Properties[name], served.Properties[name], path+"."+name)...)
	}
	if wanted.Items != nil {
		lacking = append(lacking, compare(wanted.Items, served.Items, path+"[]")...)
	}
	return lacking
}
