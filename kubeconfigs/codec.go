package kubeconfigs

import (
	"golang.org/x/sync/semaphore"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

// codec is what members' answers are read by. One serves them all.
type codec struct {
	scheme  *runtime.Scheme
	factory serializer.CodecFactory
	params  runtime.ParameterCodec
	// decoding bounds what is being decoded, in bytes, and large how many large objects are
	// being read.
	decoding, large *semaphore.Weighted
}

func newCodec(scheme *runtime.Scheme) *codec {
	return &codec{
		scheme: scheme, factory: serializer.NewCodecFactory(scheme), params: runtime.NewParameterCodec(scheme),
		decoding: semaphore.NewWeighted(decodingLimit), large: semaphore.NewWeighted(largeAtOnce),
	}
}
