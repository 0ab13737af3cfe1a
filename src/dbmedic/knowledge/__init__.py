"""Documents as passages that can be found and cited: split, tokenised, indexed in the store, searched, ranked.

What the documents are about is not known here, nor who may see them: the caller names the libraries to search.
"""
