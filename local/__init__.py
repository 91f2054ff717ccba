"""The deployed system on one machine: an emulator of AWS, and this app deployed to it."""
