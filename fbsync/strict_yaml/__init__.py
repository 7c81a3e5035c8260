"""YAML 1.2 with the position of every value. Anything but plain data is a finding."""
