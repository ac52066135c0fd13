"""The version of the package. A leaf: everything may import it."""

VERSION = "0.1.0"
