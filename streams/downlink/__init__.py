"""What viewers get: the program kept once, under the numbers of each."""
