"""What happens when something goes wrong: processes killed, disks full, ports taken."""
