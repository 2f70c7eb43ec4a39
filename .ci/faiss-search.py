"""Searches vectors with faiss's IndexFlatL2, one query at a time on one thread.

Arguments: a file of Float32 vectors, one of queries, the dimension. Prints a line for each query:
milliseconds and the ten nearest rows.
"""

import sys
import time

import faiss
import numpy

vectors, queries, dimension = sys.argv[1], sys.argv[2], int(sys.argv[3])
faiss.omp_set_num_threads(1)
index = faiss.IndexFlatL2(dimension)
index.add(numpy.fromfile(vectors, dtype=numpy.float32).reshape(-1, dimension))
index.search(numpy.zeros((1, dimension), dtype=numpy.float32), 10)
for query in numpy.fromfile(queries, dtype=numpy.float32).reshape(-1, 1, dimension):
    begun = time.perf_counter()
    _, rows = index.search(query, 10)
    print((time.perf_counter() - begun) * 1000, *rows[0])
