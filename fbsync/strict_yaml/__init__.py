"""YAML 1.2 with the position of every value; what is no plain data is a finding."""
