"""What ``flowgrade doctor`` looks at, one module for each subject."""
