//! Names, units, buckets and label sets of the semantic conventions
