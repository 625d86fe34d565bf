"""The part of Kubernetes' own API that charms and kubectl use, for each model on Kubernetes."""
