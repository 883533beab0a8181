"""Small faults planted at random in functions of all rooms: which do the tests notice?"""
