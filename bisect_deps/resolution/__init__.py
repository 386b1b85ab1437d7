"""What resolves together: minimal conflicts, upgrades, pins; zero builds."""
