"""The instruments that train networks: for each its arms, how they are built, and how their table is read."""
