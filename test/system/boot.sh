#!/bin/sh
# Makes the folder ROOT the root of the namespaces it is started in and goes on as their process 1.
#
#   boot.sh ROOT INIT READY_FD NAME SIZE
#
# What a machine gets fresh at every start: /proc, /sys (read-only), a small /dev, empty /run and /tmp.
set -eu
root=$1 init=$2 ready=$3 name=$4 size=$5

hostname "$name"
ip link set lo up
mount --make-rprivate /
cd "$root"
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t tmpfs -o mode=755,nosuid,size=1m dev dev
mount -t tmpfs -o "mode=755,nosuid,nodev,size=$size" run run
mount -t tmpfs -o "mode=1777,nosuid,nodev,size=$size" tmp tmp
for device in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
    set -- $device
    mknod -m 666 "dev/$1" c "$2" "$3"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev,size=64m shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mkdir -m 1777 run/lock
mkdir run/before
cp "$init" run/init
pivot_root . run/before
exec /run/init "$ready"
