#!/bin/sh
# Makes keys and signed files for the tests of trust/, with gpg in a home of their own: sign_cases.sh FOLDER.
# Every key is made here and is worth nothing. What each file is for, its name says.
set -eu
folder=$1
mkdir -p "$folder/home"
chmod 700 "$folder/home"
cd "$folder"
export GNUPGHOME="$folder/home" LC_ALL=C
trap 'gpgconf --homedir "$GNUPGHOME" --kill all >/dev/null 2>&1 || true' EXIT
quiet() { gpg --batch --quiet --yes --pinentry-mode loopback --passphrase '' --no-auto-check-trustdb "$@" 2>>log; }
fingerprint() { gpg --batch --with-colons --list-keys "$1" 2>>log | awk -F: '$1 == "fpr" { print $10 }' | sed -n "${2:-1}p"; }
past='--faked-system-time 20240101T000000!'

quiet --quick-gen-key publisher ed25519 sign never
quiet --quick-gen-key stranger ed25519 sign never
quiet --quick-gen-key partner ed25519 sign never
quiet --quick-gen-key revoked ed25519 sign never
quiet --quick-gen-key old rsa2048 sign never
quiet $past --quick-gen-key expired ed25519 sign 2d
quiet --quick-gen-key branched ed25519 cert never
quiet --quick-add-key "$(fingerprint branched)" ed25519 sign never
quiet --quick-add-key "$(fingerprint branched)" ed25519 sign never
quiet $past --quick-gen-key veteran ed25519 sign never
quiet --quick-gen-key pruned ed25519 cert never
quiet --quick-add-key "$(fingerprint pruned)" ed25519 sign never
quiet $past --quick-gen-key withered ed25519 cert never
quiet $past --quick-add-key "$(fingerprint withered)" ed25519 sign 2d
for name in publisher stranger partner veteran revoked old expired branched pruned withered; do
    fingerprint $name >"$name.fpr"
done
fingerprint branched 2 >branched-subkey.fpr
fingerprint branched 3 >branched-other-subkey.fpr

cat >Release <<'RELEASE'
Origin: Example
Label: Example Archive
Suite: stable
Codename: oak
Version: 7.1
Date: Sat, 14 Nov 2026 08:00:00 UTC
Valid-Until: Sat, 21 Nov 2026 08:00:00 UTC
Architectures: all amd64
SHA256:
 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 main/binary-amd64/Packages
RELEASE
sed 's/^Suite: .*/Suite: forged/' Release >Forged

sign() { quiet --clearsign "$@" Release; }
sign -u publisher -o good
sign -u publisher -u stranger -o two-signers
sign -u publisher -u partner -o both
sign -u "$(fingerprint branched 2)!" -u "$(fingerprint branched 3)!" -o same-twice
sign -u stranger -o stranger
sign -u old --digest-algo SHA1 -o sha1
sign -u old --digest-algo SHA512 -o sha512
sign -u revoked -o revoked
sign $past -u expired -o expired-key
sign $past --default-sig-expire 1d -u veteran -o expired-signature
sign -u "$(fingerprint branched 2)!" -o subkey
sign -u pruned -o revoked-subkey
sign $past -u withered -o expired-subkey
sed 's/^Suite: stable/Suite: forged/' good >forged
sed 's/^Suite: stable/Suite: forged/' both >forged-both
# A good signature that belongs to another text, in the place of this one's.
quiet --clearsign -u publisher -o other Forged
{ sed '/^-----BEGIN PGP SIGNATURE/,$d' good; sed -n '/^-----BEGIN PGP SIGNATURE/,$p' other; } >swapped
cat good other >two-texts
{ cat Forged; cat good; cat Forged; } >text-around
quiet --armor --sign -u publisher -o not-clear Release
quiet --armor --detach-sign -u publisher -o detached Release
cp Release unsigned
: >empty

# The key is revoked after it has signed; the certificate that gpg made with it has a colon to keep it from use.
sed 's/^:-----/-----/' "home/openpgp-revocs.d/$(cat revoked.fpr).rev" >revocation
quiet --import revocation
printf 'key 1\nrevkey\ny\n0\n\ny\nsave\n' |
    gpg --quiet --no-tty --command-fd 0 --pinentry-mode loopback --passphrase '' --edit-key pruned >>log 2>&1

export_keys() { output=$1; shift; quiet --export "$@" >"$output"; }
export_keys publisher.gpg publisher
export_keys partners.gpg publisher partner
export_keys revoked.gpg revoked
export_keys old.gpg old
export_keys veteran.gpg veteran
export_keys expired.gpg expired
export_keys branched.gpg branched
export_keys pruned.gpg pruned
export_keys withered.gpg withered
quiet --armor --export publisher >publisher.asc
{ quiet --armor --export stranger; echo 'text between'; quiet --armor --export publisher; } >two-blocks.asc
cp home/pubring.kbx publisher.kbx
