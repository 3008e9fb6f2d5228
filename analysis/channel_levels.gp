# Levels of a channel against sharpness and against the slope of the staircase, and bits of thoughts against nominal bits.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
load ARG0[1 : strlen(ARG0) - strlen('channel_levels.gp')].'style.gp'

# Which lines there are: first occurrences in the tables.
bits = ''; slopes = ''; formats = ''
in(list, word) = strstrt(' '.list.' ', ' '.word.' ') > 0
stats TABLES.'leak.tsv' using (bits = in(bits, strcol(4)) ? bits : bits.' '.strcol(4), slopes = in(slopes, strcol(5)) ? slopes : slopes.' '.strcol(5), 0) nooutput
stats TABLES.'mantissa.tsv' using (formats = in(formats, strcol(4)) ? formats : formats.' '.strcol(4), 0) nooutput
stats TABLES.'thought.tsv' using (formats = in(formats, strcol(5)) ? formats : formats.' '.strcol(5), 0) nooutput
steepest = word(slopes, words(slopes)); gentlest = word(slopes, 1)
set tmargin at screen 0.880; set bmargin at screen 0.160

set multiplot
# ---- (a) leak
@CURVES
set lmargin at screen 0.072; set rmargin at screen 0.325
set label 1 heading('a', 'Leak limits the levels') at screen 0.008, screen 0.945 font HEAD textcolor rgb INK
set logscale y 2; set yrange [1.5:6000]; set ytics 4 format '2^{%L}'; set xrange [*:*]
set xlabel 'sharpness {/:Italic β}' offset 0,0.4 textcolor rgb INK; set ylabel 'most levels {/:Italic M}' offset 1.4,0 textcolor rgb INK
set key at graph 0.02,1.0 left top @KEY font SMALL
chosen(i) = column(4) == word(bits, i)+0 && column(5) == steepest+0
plot for [i=1:words(bits)] TABLES.'leak.tsv' using 1:(chosen(i) && strcol(6) eq 'worst' ? column(3) : NaN) with lines lw 1.3 lc rgb COLOUR[i] notitle, \
     for [i=1:words(bits)] TABLES.'leak.tsv' using 1:(chosen(i) && strcol(6) eq 'worst' ? column(2) : NaN) with points pt MARKER[i] ps 0.5 lc rgb COLOUR[i] notitle, \
     for [i=1:words(bits)] TABLES.'leak.tsv' using 1:(chosen(i) && strcol(6) eq 'random' ? column(2) : NaN) with points pt MARKER[i]-1 ps 0.5 lc rgb COLOUR[i] notitle, \
     TABLES.'leak.tsv' using 1:(column(4) == word(bits, 1)+0 && column(5) == gentlest+0 && strcol(6) eq 'worst' ? column(3) : NaN) with lines lw 0.8 dt (4,3) lc rgb COLOUR[1] notitle, \
     TABLES.'leak.tsv' using 1:(column(4) == word(bits, 1)+0 && column(5) == gentlest+0 && strcol(6) eq 'worst' ? column(2) : NaN) with points pt 1 ps 0.4 lc rgb COLOUR[1] notitle, \
     for [i=1:words(bits)] keyentry with linespoints lw 1.3 pt MARKER[i] ps 0.5 lc rgb COLOUR[i] title sprintf('{/:Italic N} = 2^{%s}, {/:Italic κ} = %s', word(bits, i), steepest), \
     keyentry with linespoints lw 0.8 dt (4,3) pt 1 ps 0.4 lc rgb COLOUR[1] title sprintf('{/:Italic N} = 2^{%s}, {/:Italic κ} = %s', word(bits, 1), gentlest), \
     keyentry with points pt MARKER[1]-1 ps 0.5 lc rgb INK title 'random'

# ---- (b) mantissa
@CURVES
set lmargin at screen 0.428; set rmargin at screen 0.655
set label 1 heading('b', 'The mantissa caps them') at screen 0.350, screen 0.945 font HEAD textcolor rgb INK
set logscale xy 2; set yrange [1.5:3e6]; set ytics 16 format '2^{%L}'; set xrange [1.5:1e6]
set xtics ('2' 2, '2^5' 32, '2^{10}' 1024, '2^{15}' 32768, '2^{20}' 1048576)
set xlabel 'slope of the staircase {/:Italic κ}' offset 0,0.4 textcolor rgb INK; set ylabel 'most levels {/:Italic M}' offset 0.6,0 textcolor rgb INK
set key at graph 0.98,1.0 right top @KEY font SMALL
f(i) = strcol(4) eq word(formats, i)
plot for [i=1:words(formats)] TABLES.'mantissa.tsv' using 1:(f(i) && strcol(5) eq 'both' ? column(3) : NaN) with lines lw 1.3 lc rgb COLOUR[i] notitle, \
     for [i=1:words(formats)] TABLES.'mantissa.tsv' using 1:(f(i) && strcol(5) eq 'both' ? column(2) : NaN) with points pt MARKER[i] ps 0.5 lc rgb COLOUR[i] notitle, \
     for [i=1:words(formats)] TABLES.'mantissa.tsv' using 1:(f(i) && strcol(5) eq 'both' && strcol(4) eq 'fp32' ? column(6) : NaN) with lines lw 0.8 dt (4,3) lc rgb COLOUR[i] notitle, \
     for [i=1:words(formats)] keyentry with linespoints lw 1.3 pt MARKER[i] ps 0.5 lc rgb COLOUR[i] title word(formats, i), \
     keyentry with lines lw 0.8 dt (4,3) lc rgb INK title 'any order'

# ---- (c) thoughts
@CURVES
set lmargin at screen 0.755; set rmargin at screen 0.985
set label 1 heading('c', 'Bits of a whole thought') at screen 0.695, screen 0.945 font HEAD textcolor rgb INK
set logscale xy 2; set xrange [0.8:*]; set yrange [1:3e4]; set xtics 4; set ytics 4 format '2^{%L}'
set xlabel 'channels {/:Italic d}' offset 0,0.4 textcolor rgb INK; set ylabel 'bits' offset 0.8,0 textcolor rgb INK
set key at graph 0.02,1.0 left top @KEY font SMALL
t(i) = strcol(5) eq word(formats, i)
plot for [i=1:words(formats)] TABLES.'thought.tsv' using 1:(t(i) ? column(3) : NaN) with lines lw 0.8 dt (5,4) lc rgb COLOUR[i] notitle, \
     for [i=1:words(formats)] TABLES.'thought.tsv' using 1:(t(i) ? column(2) : NaN) with linespoints lw 1.3 pt MARKER[i] ps 0.5 lc rgb COLOUR[i] notitle, \
     keyentry with lines lw 0.8 dt (5,4) lc rgb INK title 'nominal', \
     keyentry with linespoints lw 1.3 pt 7 ps 0.5 lc rgb INK title 'kept, run'
unset multiplot
