"""What a figure depends on beside the code."""
import os
import platform
import subprocess


def describe(tree):
    def first(path, start):
        with open(path) as lines:
            return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(start)), "unknown")

    def said(*command):
        try:
            asked = subprocess.run(command, capture_output=True, text=True, cwd=tree)
        except FileNotFoundError:
            return "none"
        return (asked.stdout or asked.stderr).partition("\n")[0] or "unknown"

    return {"model": first("/proc/cpuinfo", "model name"),
            "cores": os.cpu_count(),
            "memory": first("/proc/meminfo", "MemTotal"),
            "kernel": platform.release(),
            "java": said("java", "-version"),
            "load average": " ".join(f"{load:.2f}" for load in os.getloadavg()),
            "commit": said("git", "describe", "--always", "--dirty")}
