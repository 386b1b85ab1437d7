"""What to install where something is missing: Debian and Ubuntu, Fedora, Alpine, macOS.

Two maintained tables: what has a header, library or program that source builds ask for, and what
the projects that are built most often need in all. Debian's names were looked up in its package
list (Debian 12); the others are from the projects' documentation, from the rosdep database and from
the R community's table of system requirements. What has no entry gives no advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

# A Mac's compiler comes with Apple's own tools, which no package manager installs.
_XCODE = "xcode-select"
_SYSTEMS = (
    ("Debian and Ubuntu", "apt-get install"),
    ("Fedora", "dnf install"),
    ("Alpine", "apk add"),
    ("macOS", "brew install"),
)
_NONE = "-"


def packages_for(wanted: str) -> Mapping[str, str]:
    """Return install commands by system for a header, library or program; empty where unknown."""
    return _commands([_things(wanted)])


def packages_for_project(name: str, log_words: Iterable[str] = ()) -> Mapping[str, str]:
    """Return one complete command by system for building a project; empty where it is unknown.

    `name` is normalised; `log_words` are headers, libraries and programs that its log misses, which
    are added. A system where nothing is known to help is left out.
    """
    packages = _PROJECTS.get(name)
    return _commands([packages, *map(_things, log_words)]) if packages else {}


def install_commands(project: str, missing: str | None) -> Mapping[str, str]:
    """Return system to command for what a build lacks: `Debian and Ubuntu` first.

    `project` is the normalised project that failed, `missing` the header, library or program that
    its log names, None where it names none. Empty where neither is known.
    """
    words = (missing,) if missing else ()
    return packages_for_project(project, words) or (packages_for(missing) if missing else {})


def wheel_sibling(name: str) -> str | None:
    """Return the project that has wheels of the same modules; None where there is none."""
    return _SIBLINGS.get(name)


def _things(wanted: str) -> tuple[str, ...] | None:
    """Return the packages, one cell a system, of a header, library or program."""
    base = wanted.strip().strip("'\"`").rstrip(":").lower()
    last = base.rsplit("/", 1)[-1]
    library = _SHARED.sub("", last)
    for name in (
        base,
        last,
        _TAIL.sub("", last),
        last.removeprefix("lib"),
        last.removesuffix("-sys"),
        library,
        library.removeprefix("lib"),
        base.split("/", 1)[0],
    ):
        if packages := _THINGS.get(name):
            return packages
    return None


def _commands(rows: Iterable[tuple[str, ...] | None]) -> dict[str, str]:
    known = [row for row in rows if row]
    found = {}
    for place, (system, command) in enumerate(_SYSTEMS):
        packages = dict.fromkeys(own for row in known for own in row[place].split())
        packages.pop(_NONE, None)
        steps = ["xcode-select --install"] if _XCODE in packages else []
        packages.pop(_XCODE, None)
        steps += [f"{command} {' '.join(packages)}"] if packages else []
        if steps:
            found[system] = " && ".join(steps)
    return found


# Things asked for (headers without folder, libraries without `lib`, programs) | Debian | Fedora |
# Alpine | macOS.
_TABLE = """
pg_config libpq-fe.h pq libpq | libpq-dev | libpq-devel | libpq-dev | libpq
mysql_config mariadb_config mysql.h mysqlclient mariadb | default-libmysqlclient-dev | mariadb-devel | mariadb-dev | mysql-client
Python.h python-dev python3-dev pyconfig.h | python3-dev | python3-devel | python3-dev | python
gcc cc g++ c++ cc1 cc1plus x86_64-linux-gnu-gcc clang make | build-essential | gcc gcc-c++ make | build-base | xcode-select
as ld collect2 | binutils | binutils | binutils | xcode-select
cc1obj cc1objplus | gobjc gobjc++ | gcc-objc gcc-objc++ | gcc-objc | xcode-select
cmake | cmake | cmake | cmake | cmake
ninja | ninja-build | ninja-build | samurai | ninja
meson | meson | meson | meson | meson
rustc cargo rustup | cargo rustc | cargo rust | cargo rust | rust
gfortran f95 f951 Fortran | gfortran | gcc-gfortran | gfortran | gcc
swig | swig | swig | swig | swig
git | git | git | git | git
pkg-config pkgconf | pkg-config | pkgconf-pkg-config | pkgconf | pkg-config
autoconf automake autoreconf libtool libtoolize aclocal | autoconf automake libtool | autoconf automake libtool | autoconf automake libtool | autoconf automake libtool
bison | bison | bison | bison | bison
flex | flex | flex | flex | flex
m4 | m4 | m4 | m4 | m4
patch | patch | patch | patch | gpatch
nasm | nasm | nasm | nasm | nasm
protoc | protobuf-compiler | protobuf-compiler | protoc | protobuf
java javac jni.h | default-jdk | java-latest-openjdk-devel | openjdk17 | openjdk
node npm | nodejs npm | nodejs npm | nodejs npm | node
patchelf | patchelf | patchelf | patchelf | patchelf
llvm-config LLVM | llvm-dev | llvm-devel | llvm-dev | llvm
ffi.h ffi libffi | libffi-dev | libffi-devel | libffi-dev | libffi
openssl OpenSSL opensslv.h ssl.h ssl crypto evp.h openssl-sys | libssl-dev pkg-config | openssl-devel | openssl-dev | openssl@3
xml2-config xml2 libxml libxml2 xmlversion.h tree.h libxml-2.0 | libxml2-dev | libxml2-devel | libxml2-dev | libxml2
xslt-config xslt libxslt xslt.h | libxml2-dev libxslt1-dev | libxslt-devel | libxslt-dev | libxslt
zlib zlib.h z | zlib1g-dev | zlib-devel | zlib-dev | zlib
jpeg jpeglib.h libjpeg | libjpeg-dev | libjpeg-turbo-devel | libjpeg-turbo-dev | jpeg-turbo
png.h libpng png libpng-config | libpng-dev | libpng-devel | libpng-dev | libpng
tiff.h tiffio.h libtiff tiff | libtiff-dev | libtiff-devel | tiff-dev | libtiff
webp libwebp webp/decode.h | libwebp-dev | libwebp-devel | libwebp-dev | webp
ft2build.h freetype freetype2 freetype-config | libfreetype-dev | freetype-devel | freetype-dev | freetype
lcms2 lcms2.h | liblcms2-dev | lcms2-devel | lcms2-dev | little-cms2
cairo cairo.h cairo.pc | libcairo2-dev pkg-config | cairo-devel pkgconf-pkg-config | cairo-dev pkgconf | cairo pkg-config
girepository-2.0 | libgirepository-2.0-dev | glib2-devel | glib-dev | glib
girepository gobject-introspection-1.0 girepository-1.0 | libgirepository1.0-dev | gobject-introspection-devel | gobject-introspection-dev | gobject-introspection
glib glib-2.0 gio-2.0 glib.h | libglib2.0-dev | glib2-devel | glib-dev | glib
gtk gtk+ gtk+-3.0 gtk+-2.0 | libgtk-3-dev | gtk3-devel | gtk+3.0-dev | gtk+3
dbus-1 dbus dbus.h dbus-glib-1 | libdbus-1-dev libdbus-glib-1-dev | dbus-devel dbus-glib-devel | dbus-dev dbus-glib-dev | dbus
systemd systemd-config sd-daemon.h sd-journal.h libsystemd | libsystemd-dev | systemd-devel | - | -
portaudio.h portaudio | portaudio19-dev | portaudio-devel | portaudio-dev | portaudio
sndfile.h sndfile libsndfile | libsndfile1-dev | libsndfile-devel | libsndfile-dev | libsndfile
asoundlib.h asound alsa | libasound2-dev | alsa-lib-devel | alsa-lib-dev | -
libavformat libavcodec avformat.h avcodec.h libavdevice libavutil libswscale libavfilter ffmpeg | libavformat-dev libavdevice-dev libavfilter-dev pkg-config | ffmpeg-free-devel | ffmpeg-dev | ffmpeg
pulse.h libpulse pulseaudio.h | libpulse-dev | pulseaudio-libs-devel | pulseaudio-dev | pulseaudio
ldap.h ldap lber.h lber | libldap2-dev | openldap-devel | openldap-dev | openldap
sasl.h sasl sasl2 libsasl2 | libsasl2-dev | cyrus-sasl-devel | cyrus-sasl-dev | cyrus-sasl
krb5-config krb5.h gssapi.h gssapi_krb5 gssapi | libkrb5-dev | krb5-devel | krb5-dev | krb5
sql.h sqlext.h odbc odbc_config | unixodbc-dev | unixODBC-devel | unixodbc-dev | unixodbc
sybdb.h sybdb freetds | freetds-dev | freetds-devel | freetds-dev | freetds
sqlite3.h sqlite3 sqlite | libsqlite3-dev | sqlite-devel | sqlite-dev | sqlite
db.h db berkeleydb | libdb-dev | libdb-devel | db-dev | berkeley-db
gdbm.h gdbm | libgdbm-dev | gdbm-devel | gdbm-dev | gdbm
lmdb.h lmdb | liblmdb-dev | lmdb-devel | lmdb-dev | lmdb
leveldb leveldb.h leveldb/db.h leveldb/c.h | libleveldb-dev | leveldb-devel | leveldb-dev | leveldb
rocksdb rocksdb.h rocksdb/c.h | librocksdb-dev | rocksdb-devel | rocksdb-dev | rocksdb
snappy-c.h snappy snappy.h | libsnappy-dev | snappy-devel | snappy-dev | snappy
lz4.h lz4 | liblz4-dev | lz4-devel | lz4-dev | lz4
zstd.h zstd libzstd | libzstd-dev | libzstd-devel | zstd-dev | zstd
bzlib.h bz2 | libbz2-dev | bzip2-devel | bzip2-dev | bzip2
lzma.h lzma liblzma | liblzma-dev | xz-devel | xz-dev | xz
lzo1x.h lzo2 lzo | liblzo2-dev | lzo-devel | lzo-dev | lzo
memcached.h memcached libmemcached | libmemcached-dev | libmemcached-awesome-devel | libmemcached-dev | libmemcached
curl-config curl.h libcurl curl | libcurl4-openssl-dev libssl-dev | libcurl-devel | curl-dev | curl
pcre.h pcre pcre-config | libpcre3-dev | pcre-devel | pcre-dev | pcre
pcre2.h pcre2 | libpcre2-dev | pcre2-devel | pcre2-dev | pcre2
re2.h re2 | libre2-dev | re2-devel | re2-dev | re2
yaml.h yaml | libyaml-dev | libyaml-devel | yaml-dev | libyaml
expat.h expat | libexpat1-dev | expat-devel | expat-dev | expat
gmp.h gmp | libgmp-dev | gmp-devel | gmp-dev | gmp
mpfr.h mpfr | libmpfr-dev | mpfr-devel | mpfr-dev | mpfr
mpc.h mpc | libmpc-dev | libmpc-devel | mpc1-dev | libmpc
hdf5.h H5public.h hdf5 HDF5 libhdf5 | libhdf5-dev pkg-config | hdf5-devel | hdf5-dev | hdf5
netcdf.h netcdf nc-config | libnetcdf-dev | netcdf-devel | netcdf-dev | netcdf
gdal.h gdal-config gdal GDAL libgdal | libgdal-dev | gdal-devel | gdal-dev | gdal
geos_c.h geos-config geos GEOS geos_c | libgeos-dev | geos-devel | geos-dev | geos
proj.h proj_api.h proj PROJ | libproj-dev proj-bin | proj-devel | proj-dev | proj
spatialindex spatialindex_c libspatialindex | libspatialindex-dev | spatialindex-devel | libspatialindex-dev | spatialindex
blas openblas OpenBLAS lapack BLAS LAPACK cblas.h lapack.h scipy-openblas | libopenblas-dev | openblas-devel | openblas-dev | openblas
atlas | libatlas-base-dev | atlas-devel | openblas-dev | openblas
fftw3.h fftw3 | libfftw3-dev | fftw-devel | fftw-dev | fftw
gsl_math.h gsl gsl-config | libgsl-dev | gsl-devel | gsl-dev | gsl
eigen Eigen eigen3 eigen/core | libeigen3-dev | eigen3-devel | eigen-dev | eigen
boost Boost boost_python python.hpp | libboost-all-dev | boost-devel | boost-dev | boost-python3
xmlsec1 xmlsec xmlsec.h xmlsec1-config | libxmlsec1-dev pkg-config | xmlsec1-devel xmlsec1-openssl-devel | xmlsec-dev | libxmlsec1
magic.h magic libmagic | libmagic-dev | file-devel | file-dev | libmagic
zbar.h zbar | libzbar-dev | zbar-devel | zbar-dev | zbar
MagickWand.h MagickWand Wand-config ImageMagick | libmagickwand-dev | ImageMagick-devel | imagemagick-dev | imagemagick
GraphicsMagick | libgraphicsmagick1-dev | GraphicsMagick-devel | graphicsmagick-dev | graphicsmagick
graphviz cgraph.h gvc.h cgraph dot | libgraphviz-dev | graphviz-devel | graphviz-dev | graphviz
poppler poppler-cpp poppler-document.h | libpoppler-cpp-dev | poppler-cpp-devel | poppler-dev | poppler
mupdf | libmupdf-dev | mupdf-devel | mupdf-dev | mupdf
tesseract baseapi.h lept leptonica | libtesseract-dev libleptonica-dev | tesseract-devel leptonica-devel | tesseract-ocr-dev leptonica-dev | tesseract
enchant enchant.h | libenchant-2-dev | enchant2-devel | enchant2-dev | enchant
hunspell hunspell.hxx hunspell.h | libhunspell-dev | hunspell-devel | hunspell-dev | hunspell
icu icu-config icu-i18n icu-uc utypes.h unistr.h | libicu-dev pkg-config | libicu-devel | icu-dev | icu4c
mecab mecab-config mecab.h | libmecab-dev mecab | mecab-devel | - | mecab
usb.h libusb libusb-1.0 usb-1.0 | libusb-1.0-0-dev | libusb1-devel | libusb-dev | libusb
udev libudev.h libudev | libudev-dev | systemd-devel | eudev-dev | -
hidapi hidapi.h | libhidapi-dev | hidapi-devel | hidapi-dev | hidapi
bluetooth bluetooth.h | libbluetooth-dev | bluez-libs-devel | bluez-dev | -
pcap.h pcap pcap-config libpcap | libpcap-dev | libpcap-devel | libpcap-dev | libpcap
netfilter_queue libnetfilter_queue.h | libnetfilter-queue-dev | libnetfilter_queue-devel | libnetfilter_queue-dev | -
nl nl-3 libnl | libnl-3-dev | libnl3-devel | libnl3-dev | -
cups cups.h cups-config | libcups2-dev | cups-devel | cups-dev | cups
sane sane.h | libsane-dev | sane-backends-devel | sane-dev | sane-backends
gphoto2 gphoto2.h libgphoto2 | libgphoto2-dev | libgphoto2-devel | libgphoto2-dev | libgphoto2
augeas augeas.h | libaugeas-dev | augeas-devel | augeas-dev | augeas
libvirt libvirt.h | libvirt-dev | libvirt-devel | libvirt-dev | libvirt
archive archive.h libarchive | libarchive-dev | libarchive-devel | libarchive-dev | libarchive
sodium sodium.h libsodium | libsodium-dev | libsodium-devel | libsodium-dev | libsodium
gnutls | libgnutls28-dev | gnutls-devel | gnutls-dev | gnutls
gpgme gpgme.h gpgme-config | libgpgme-dev | gpgme-devel | gpgme-dev | gpgme
secp256k1 secp256k1.h libsecp256k1 | libsecp256k1-dev | libsecp256k1-devel | libsecp256k1-dev | -
zmq zmq.h libzmq | libzmq3-dev | zeromq-devel | zeromq-dev | zeromq
rabbitmq amqp.h librabbitmq | librabbitmq-dev | librabbitmq-devel | rabbitmq-c-dev | rabbitmq-c
rdkafka rdkafka.h librdkafka | librdkafka-dev | librdkafka-devel | librdkafka-dev | librdkafka
event event.h libevent | libevent-dev | libevent-devel | libevent-dev | libevent
ev ev.h libev | libev-dev | libev-devel | libev-dev | libev
uv uv.h libuv | libuv1-dev | libuv-devel | libuv-dev | libuv
cares ares.h | libc-ares-dev | c-ares-devel | c-ares-dev | c-ares
readline readline.h | libreadline-dev | readline-devel | readline-dev | readline
ncurses ncurses.h curses.h ncurses5-config ncurses6-config | libncurses-dev | ncurses-devel | ncurses-dev | ncurses
tk tk.h tcl tcl.h tkinter _tkinter | tk-dev | tk-devel | tk-dev | tcl-tk
GL libGL.so.1 libGL gl.h GL.h | libgl1 libgl1-mesa-dev | mesa-libGL mesa-libGL-devel | mesa-gl mesa-dev | mesa
glut GLUT glut.h | freeglut3-dev | freeglut-devel | freeglut-dev | freeglut
EGL egl.h | libegl-dev | mesa-libEGL-devel | mesa-dev | mesa
libglib-2.0.so.0 libgthread-2.0.so.0 | libglib2.0-0 | glib2 | glib | glib
libSM.so.6 libXext.so.6 libXrender.so.1 | libsm6 libxext6 libxrender1 | libSM libXext libXrender | libsm libxext libxrender | -
libgomp.so.1 gomp omp.h | libgomp1 | libgomp | libgomp | libomp
libstdc++.so.6 | libstdc++6 | libstdc++ | libstdc++ | gcc
X11 Xlib.h x11 libX11 | libx11-dev | libX11-devel | libx11-dev | libx11
Xss xscrnsaver | libxss-dev | libXScrnSaver-devel | libxscrnsaver-dev | -
sdl sdl-config sdl2-config SDL.h SDL | libsdl2-dev | SDL2-devel | sdl2-dev | sdl2
qmake qmake6 Qt5 Qt6 qt | qt6-base-dev | qt6-qtbase-devel | qt6-qtbase-dev | qt
wx-config wx wxWidgets | libwxgtk3.2-dev | wxGTK-devel | wxwidgets-dev | wxwidgets
vips libvips vips.h | libvips-dev | vips-devel | vips-dev | vips
opencv | libopencv-dev | opencv-devel | opencv-dev | opencv
raqm fribidi harfbuzz hb.h | libraqm-dev libfribidi-dev libharfbuzz-dev | libraqm-devel fribidi-devel harfbuzz-devel | libraqm-dev fribidi-dev harfbuzz-dev | libraqm
pango pangocairo pango-1.0 | libpango1.0-dev | pango-devel | pango-dev | pango
soup webkit2gtk webkit2gtk-4.0 | libwebkit2gtk-4.1-dev | webkit2gtk4.1-devel | webkit2gtk-4.1-dev | -
crypt crypt.h | libcrypt-dev | libxcrypt-devel | musl-dev | libxcrypt
acl sys/acl.h acl.h | libacl1-dev | libacl-devel | acl-dev | -
attr xattr.h xattr | libattr1-dev | libattr-devel | attr-dev | -
cap sys/capability.h capability.h | libcap-dev | libcap-devel | libcap-dev | -
seccomp seccomp.h | libseccomp-dev | libseccomp-devel | libseccomp-dev | -
numa numa.h | libnuma-dev | numactl-devel | numactl-dev | -
fuse3 fuse3/fuse.h | libfuse3-dev | fuse3-devel | fuse3-dev | -
fuse fuse.h | libfuse-dev | fuse-devel | fuse-dev | -
inotify | inotify-tools | inotify-tools | inotify-tools-dev | -
pam security/pam_appl.h pam_appl.h | libpam0g-dev | pam-devel | linux-pam-dev | -
mpi mpicc mpi.h MPI | libopenmpi-dev | openmpi-devel | openmpi-dev | open-mpi
nvcc cuda.h cuda_runtime.h | nvidia-cuda-toolkit | cuda-toolkit | - | -
suitesparse umfpack.h cholmod.h | libsuitesparse-dev | suitesparse-devel | suitesparse-dev | suite-sparse
glpk glpk.h | libglpk-dev | glpk-devel | glpk-dev | glpk
igraph igraph.h | libigraph-dev | igraph-devel | - | igraph
samplerate samplerate.h | libsamplerate0-dev | libsamplerate-devel | libsamplerate-dev | libsamplerate
rubberband | librubberband-dev | rubberband-devel | rubberband-dev | rubberband
taglib tag.h tag | libtag1-dev | taglib-devel | taglib-dev | taglib
espeak speak_lib.h | libespeak-dev | espeak-devel | espeak-dev | espeak
aspell aspell.h | libaspell-dev | aspell-devel | aspell-dev | aspell
raptor2 redland rasqal | librdf0-dev | redland-devel | redland-dev | redland
ta_defs.h ta-lib ta_lib ta-lib.h | - | ta-lib-devel | - | ta-lib
wkhtmltopdf | wkhtmltopdf | - | wkhtmltopdf | -
sqlcipher sqlcipher.h | libsqlcipher-dev | sqlcipher-devel | sqlcipher-dev | sqlcipher
pcsclite winscard.h libpcsclite pcsclite.h | libpcsclite-dev | pcsc-lite-devel | pcsc-lite-dev | pcsc-lite
git2 git2.h libgit2 | libgit2-dev | libgit2-devel | libgit2-dev | libgit2
R Rscript R.h Rinternals.h | r-base-dev | R-devel | R-dev | r
apxs httpd.h | apache2-dev | httpd-devel | apache2-dev | httpd
unzip | unzip | unzip | unzip | unzip
wget | wget | wget | wget | wget
perl | perl | perl | perl | perl
go | golang | golang | go | go
"""

# Projects, of which some (`graphviz`, `weasyprint`) need a program or library when they run alone |
# Debian | Fedora | Alpine | macOS | source.
_PROJECT_TABLE = """
mysqlclient mysql-python | default-libmysqlclient-dev pkg-config | mariadb-devel pkgconf-pkg-config | mariadb-dev pkgconf | mysql-client pkg-config | its README, "Linux" and "macOS"
mariadb | libmariadb-dev | mariadb-connector-c-devel | mariadb-connector-c-dev | mariadb-connector-c | its documentation, "Installation"
psycopg2 psycopg-c psycopg2cffi | libpq-dev | libpq-devel | libpq-dev | libpq | psycopg's documentation, "Build prerequisites"
psycopg | libpq5 | libpq | libpq | libpq | psycopg's documentation, "Pure Python installation"
python-ldap pyldap | libldap2-dev libsasl2-dev | openldap-devel cyrus-sasl-devel | openldap-dev cyrus-sasl-dev | openldap | its documentation, "Build prerequisites"
sasl | libsasl2-dev | cyrus-sasl-devel | cyrus-sasl-dev | cyrus-sasl | its README
gssapi krb5 kerberos pykerberos | libkrb5-dev | krb5-devel | krb5-dev | krb5 | gssapi's README, "Requirements"
lxml | libxml2-dev libxslt1-dev | libxml2-devel libxslt-devel | libxml2-dev libxslt-dev | libxml2 libxslt | its documentation, "Installing lxml", "Requirements"
xmlsec dm-xmlsec-binding | pkg-config libxml2-dev libxmlsec1-dev libxmlsec1-openssl | pkgconf-pkg-config libxml2-devel xmlsec1-devel xmlsec1-openssl-devel libtool-ltdl-devel | pkgconf libxml2-dev libxslt-dev openssl-dev xmlsec-dev xmlsec | libxml2 libxmlsec1 pkg-config | its README, "Install"
pyodbc | unixodbc-dev | unixODBC-devel | unixodbc-dev | unixodbc | its wiki, "Install"
pymssql | freetds-dev | freetds-devel | freetds-dev | freetds | its documentation, "Building from source"
uwsgi | build-essential python3-dev | gcc python3-devel | build-base python3-dev linux-headers | xcode-select | its documentation, "Installing uWSGI"
mod-wsgi | apache2-dev | httpd-devel | apache2-dev | httpd | its index page, "System requirements"
h5py | libhdf5-dev pkg-config | hdf5-devel pkgconf-pkg-config | hdf5-dev pkgconf | hdf5 pkg-config | its documentation, "Source installation"
tables | libhdf5-dev pkg-config | hdf5-devel pkgconf-pkg-config | hdf5-dev pkgconf | hdf5 pkg-config | its documentation, "Prerequisites"
netcdf4 | libhdf5-dev libnetcdf-dev | hdf5-devel netcdf-devel | hdf5-dev netcdf-dev | hdf5 netcdf | its documentation, "Developer installation"
pycairo | libcairo2-dev pkg-config | cairo-devel pkgconf-pkg-config | cairo-dev pkgconf | cairo pkg-config | its documentation, "Getting started"
cairocffi cairosvg | libcairo2 | cairo | cairo | cairo | cairocffi's documentation, "Installing cairocffi"
pygobject | libgirepository1.0-dev libcairo2-dev pkg-config | gobject-introspection-devel cairo-gobject-devel pkgconf-pkg-config | gobject-introspection-dev cairo-dev pkgconf | gobject-introspection cairo pkg-config | its documentation, "Creating a development environment"
dbus-python | libdbus-1-dev libglib2.0-dev pkg-config | dbus-devel glib2-devel pkgconf-pkg-config | dbus-dev glib-dev pkgconf | dbus glib pkg-config | its README, "Prerequisites"
dlib face-recognition | cmake build-essential | cmake gcc-c++ make | cmake build-base | cmake | its README, "Compiling dlib Python API"
cffi | libffi-dev | libffi-devel | libffi-dev | libffi | its documentation, "Installation and status"
cryptography pyopenssl | libssl-dev libffi-dev pkg-config cargo | openssl-devel libffi-devel pkgconf-pkg-config cargo | openssl-dev libffi-dev pkgconf cargo | openssl@3 rust | its documentation, "Building cryptography on Linux" and "on macOS"
bcrypt orjson tokenizers pydantic-core rpds-py safetensors tiktoken nh3 | cargo rustc | cargo rust | cargo rust | rust | their READMEs, on building from source
m2crypto | libssl-dev swig | openssl-devel swig | openssl-dev swig | openssl@3 swig | its documentation, "Installing M2Crypto"
pynacl argon2-cffi-bindings | libffi-dev build-essential | libffi-devel gcc make | libffi-dev build-base | libffi | PyNaCl's documentation, "Installation"
coincurve secp256k1 | autoconf automake libtool pkg-config libffi-dev | autoconf automake libtool pkgconf-pkg-config libffi-devel | autoconf automake libtool pkgconf libffi-dev | autoconf automake libtool pkg-config libffi | coincurve's documentation, "Installation"
pillow pil pillow-simd | libjpeg-dev zlib1g-dev libtiff-dev libfreetype-dev liblcms2-dev libwebp-dev libopenjp2-7-dev | libjpeg-turbo-devel zlib-devel libtiff-devel freetype-devel lcms2-devel libwebp-devel openjpeg2-devel | libjpeg-turbo-dev zlib-dev tiff-dev freetype-dev lcms2-dev libwebp-dev openjpeg-dev | jpeg-turbo libtiff freetype little-cms2 webp openjpeg | its documentation, "Building from source"
reportlab rl-renderpm | libfreetype-dev | freetype-devel | freetype-dev | freetype | its documentation, "Installation"
matplotlib | libfreetype-dev libpng-dev pkg-config | freetype-devel libpng-devel pkgconf-pkg-config | freetype-dev libpng-dev pkgconf | freetype libpng pkg-config | its documentation, "Dependencies"
weasyprint | libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 | pango | pango fontconfig harfbuzz-subset | pango libffi | its documentation, "First steps"
wand | libmagickwand-dev | ImageMagick-devel | imagemagick-dev | imagemagick | its documentation, "Installation"
pycurl | libcurl4-openssl-dev libssl-dev | libcurl-devel openssl-devel | curl-dev openssl-dev | curl openssl@3 | its documentation, "Installation"
python-snappy | libsnappy-dev | snappy-devel | snappy-dev | snappy | its README, "Dependencies"
plyvel leveldb | libleveldb-dev | leveldb-devel | leveldb-dev | leveldb | plyvel's documentation, "Installation guide"
rocksdb python-rocksdb | librocksdb-dev libsnappy-dev zlib1g-dev libbz2-dev liblz4-dev | rocksdb-devel snappy-devel zlib-devel bzip2-devel lz4-devel | rocksdb-dev snappy-dev zlib-dev bzip2-dev lz4-dev | rocksdb | its documentation, "Installing"
pylibmc | libmemcached-dev zlib1g-dev | libmemcached-awesome-devel zlib-devel | libmemcached-dev zlib-dev | libmemcached | its documentation, "Requirements"
python-lzo | liblzo2-dev | lzo-devel | lzo-dev | lzo | its README
bsddb3 berkeleydb | libdb-dev | libdb-devel | db-dev | berkeley-db | their documentation, "Installation"
pysqlite3 | libsqlite3-dev | sqlite-devel | sqlite-dev | sqlite | its README
pysqlcipher3 sqlcipher3 | libsqlcipher-dev | sqlcipher-devel | sqlcipher-dev | sqlcipher | its README, "Install"
pyaudio | portaudio19-dev | portaudio-devel | portaudio-dev | portaudio | its home page, "Installation"
sounddevice | libportaudio2 | portaudio | portaudio | portaudio | its documentation, "Installation"
soundfile librosa | libsndfile1 | libsndfile | libsndfile | libsndfile | SoundFile's documentation, "Installation"
simpleaudio pyalsaaudio | libasound2-dev | alsa-lib-devel | alsa-lib-dev | - | simpleaudio's documentation, "Installation"
av | libavformat-dev libavcodec-dev libavdevice-dev libavfilter-dev libavutil-dev libswscale-dev libswresample-dev pkg-config | ffmpeg-free-devel pkgconf-pkg-config | ffmpeg-dev pkgconf | ffmpeg pkg-config | its documentation, "Installation"
python-magic file-magic | libmagic1 | file-libs | libmagic | libmagic | its README, "Installation"
pyenchant | libenchant-2-2 | enchant2 | enchant2 | enchant | its documentation, "Installation"
pytesseract | tesseract-ocr | tesseract | tesseract-ocr | tesseract | its README, "Installation"
tesserocr | tesseract-ocr libtesseract-dev libleptonica-dev pkg-config | tesseract tesseract-devel leptonica-devel pkgconf-pkg-config | tesseract-ocr-dev leptonica-dev pkgconf | tesseract leptonica pkg-config | its README, "Requirements"
pyzbar | libzbar0 | zbar | zbar | zbar | its README, "Installation"
pdf2image | poppler-utils | poppler-utils | poppler-utils | poppler | its README, "How to install"
pdftotext | libpoppler-cpp-dev pkg-config | poppler-cpp-devel pkgconf-pkg-config | poppler-dev pkgconf | poppler pkg-config | its README, "OS dependencies"
opencv-python opencv-contrib-python | libgl1 libglib2.0-0 | mesa-libGL glib2 | mesa-gl glib | - | Debian's file lists of libGL.so.1 and libgthread-2.0.so.0
gdal pygdal fiona rasterio | libgdal-dev | gdal-devel | gdal-dev | gdal | GDAL's documentation, "Python bindings", "pip"
shapely pygeos | libgeos-dev | geos-devel | geos-dev | geos | Shapely's documentation, "Installation"
cartopy | libgeos-dev libproj-dev proj-bin | geos-devel proj-devel proj | geos-dev proj-dev proj-util | geos proj | its documentation, "Installing"
pyproj | libproj-dev proj-bin | proj-devel proj | proj-dev proj-util | proj | its documentation, "Installation"
rtree | libspatialindex-dev | spatialindex-devel | libspatialindex-dev | spatialindex | its documentation, "Installation"
mpi4py | libopenmpi-dev | openmpi-devel | openmpi-dev | open-mpi | its documentation, "Installation"
pygraphviz | graphviz libgraphviz-dev pkg-config | graphviz graphviz-devel pkgconf-pkg-config | graphviz graphviz-dev pkgconf | graphviz pkg-config | its documentation, "Install"
graphviz pydot pydotplus | graphviz | graphviz | graphviz | graphviz | graphviz's documentation, "Installation"
numpy scipy scikit-learn | gfortran libopenblas-dev pkg-config | gcc-gfortran openblas-devel pkgconf-pkg-config | gfortran openblas-dev pkgconf | gcc openblas pkg-config | SciPy's documentation, "Building from source"
scikit-sparse | libsuitesparse-dev | suitesparse-devel | suitesparse-dev | suite-sparse | its documentation, "Installation"
cvxopt | libsuitesparse-dev libopenblas-dev | suitesparse-devel openblas-devel | suitesparse-dev openblas-dev | suite-sparse openblas | its documentation, "Installation instructions"
pyfftw | libfftw3-dev | fftw-devel | fftw-dev | fftw | its documentation, "Installation"
gmpy2 | libgmp-dev libmpfr-dev libmpc-dev | gmp-devel mpfr-devel libmpc-devel | gmp-dev mpfr-dev mpc1-dev | gmp mpfr libmpc | its documentation, "Installation"
rpy2 rpy2-rinterface | r-base-dev | R-devel | R-dev | r | its documentation, "Installation"
ta-lib | - | ta-lib-devel | - | ta-lib | its README, "Dependencies"
pyzmq | libzmq3-dev | zeromq-devel | zeromq-dev | zeromq | its documentation, "Building pyzmq from source"
confluent-kafka | librdkafka-dev | librdkafka-devel | librdkafka-dev | librdkafka | its README, "Install"
pyicu | libicu-dev pkg-config | libicu-devel pkgconf-pkg-config | icu-dev pkgconf | icu4c pkg-config | its README, "Installing PyICU"
pygit2 | libgit2-dev | libgit2-devel | libgit2-dev | libgit2 | its documentation, "Installation"
pycups | libcups2-dev | cups-devel | cups-dev | - | its README
pyscard | libpcsclite-dev swig | pcsc-lite-devel swig | pcsc-lite-dev swig | swig | its INSTALL page
hidapi | libusb-1.0-0-dev libudev-dev | libusb1-devel systemd-devel | libusb-dev eudev-dev | hidapi | its README, "Install"
pyusb | libusb-1.0-0 | libusb1 | libusb | libusb | its README, "Requirements"
pybluez | libbluetooth-dev | bluez-libs-devel | bluez-dev | - | its documentation, "Installing PyBluez"
python-prctl | libcap-dev | libcap-devel | libcap-dev | - | its documentation, "Downloading and installing"
llfuse | libfuse-dev pkg-config | fuse-devel pkgconf-pkg-config | fuse-dev pkgconf | - | its documentation, "Installation"
pyfuse3 | libfuse3-dev pkg-config | fuse3-devel pkgconf-pkg-config | fuse3-dev pkgconf | - | its documentation, "Installation"
fusepy refuse | libfuse2 | fuse-libs | fuse | - | fusepy's README
systemd-python cysystemd | libsystemd-dev pkg-config | systemd-devel pkgconf-pkg-config | - | - | systemd-python's README, "Installation"
libvirt-python | libvirt-dev pkg-config | libvirt-devel pkgconf-pkg-config | libvirt-dev pkgconf | libvirt pkg-config | its README
evdev | build-essential linux-libc-dev | gcc kernel-headers | build-base linux-headers | - | its documentation, "Installation"
pyqt5 | qtbase5-dev qt5-qmake build-essential | qt5-qtbase-devel gcc-c++ make | qt5-qtbase-dev build-base | qt@5 | its documentation, "Installing PyQt5"
pyqt6 | qt6-base-dev build-essential | qt6-qtbase-devel gcc-c++ make | qt6-qtbase-dev build-base | qt | its documentation, "Installing PyQt6"
wxpython | libgtk-3-dev libwebkit2gtk-4.1-dev libgstreamer-plugins-base1.0-dev libnotify-dev libsdl2-dev libxtst-dev libjpeg-dev libtiff-dev freeglut3-dev build-essential | gtk3-devel webkit2gtk4.1-devel gstreamer1-plugins-base-devel libnotify-devel SDL2-devel libXtst-devel libjpeg-turbo-devel libtiff-devel freeglut-devel gcc-c++ make | gtk+3.0-dev webkit2gtk-4.1-dev gst-plugins-base-dev libnotify-dev sdl2-dev libxtst-dev libjpeg-turbo-dev tiff-dev freeglut-dev build-base | xcode-select | its README, "Prerequisites"
pygame kivy | libsdl2-dev libsdl2-image-dev libsdl2-mixer-dev libsdl2-ttf-dev libfreetype-dev pkg-config | SDL2-devel SDL2_image-devel SDL2_mixer-devel SDL2_ttf-devel freetype-devel pkgconf-pkg-config | sdl2-dev sdl2_image-dev sdl2_mixer-dev sdl2_ttf-dev freetype-dev pkgconf | sdl2 sdl2_image sdl2_mixer sdl2_ttf freetype pkg-config | their documentation, on compiling
jpype1 pyjnius | default-jdk | java-latest-openjdk-devel | openjdk17 | openjdk | JPype's documentation, "Installation"
igraph python-igraph | cmake build-essential bison flex libxml2-dev | cmake gcc-c++ make bison flex libxml2-devel | cmake build-base bison flex libxml2-dev | cmake bison flex libxml2 | its documentation, "Installing igraph"
uvloop | autoconf automake libtool build-essential | autoconf automake libtool gcc make | autoconf automake libtool build-base | autoconf automake libtool | its README, "Building from source"
grpcio grpcio-tools psutil netifaces gevent greenlet levenshtein python-levenshtein hiredis lmdb regex ujson pycocotools hdbscan annoy | build-essential python3-dev | gcc gcc-c++ make python3-devel | build-base python3-dev linux-headers | xcode-select | psutil's documentation, "Install"; gRPC's, "Building from source"
"""


def _rows(text: str) -> Iterator[tuple[list[str], tuple[str, ...]]]:
    """Yield the names of each row, and its cells for the four systems."""
    for row in text.strip().splitlines():
        names, *cells = (cell.strip() for cell in row.split("|"))
        yield names.lower().split(), tuple(cells[: len(_SYSTEMS)])


def _by_name(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for names, cells in _rows(text):
        for name in names:
            found.setdefault(name, cells)
    return found


_THINGS = _by_name(_TABLE)
_PROJECTS = _by_name(_PROJECT_TABLE)
_TAIL = re.compile(r"(?:-\d+(?:\.\d+)*|-dev|\.pc|-config)$")
_SHARED = re.compile(r"\.(?:so|dylib|a)(?:\.\d+)*$")

# Projects with wheels for Linux that hold the same modules. Source: the file lists of the index, of
# November 2026, and the projects' own index pages.
_SIBLINGS = {
    "psycopg2": "psycopg2-binary",
    "psycopg-c": "psycopg-binary",
    "dlib": "dlib-bin",
    "fasttext": "fasttext-wheel",
    "netifaces": "netifaces2",
    "pysqlite3": "pysqlite3-binary",
    "pyicu": "pyicu-binary",
    "plyvel": "plyvel-ci",
    "uwsgi": "pyuwsgi",
    "pycrypto": "pycryptodome",
}
