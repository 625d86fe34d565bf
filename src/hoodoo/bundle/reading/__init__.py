"""Bundle files as one document: rendered, included, merged; each part knows where it was written."""
