"""The neck of the house: the words in which whatever decides speaks with whatever acts."""
