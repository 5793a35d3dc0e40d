"""Thai search over documents that other slices hand in; knows only Document."""
