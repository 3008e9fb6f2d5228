# Survival of a chain of gates under noise: against steps for several strengths, and against the strength.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
load ARG0[1 : strlen(ARG0) - strlen('noise_drift.gp')].'style.gp'

array NAME[5] = ['none', 'clip', 'token', 'vector', 'cot']
array SHOWN[5] = ['nothing', 'clip', 'token', 'vector thoughts', 'chain of thought']
array HUE[5] = ['#D55E00', '#009E73', '#0072B2', '#8A4E7D', '#B07C00']
array POINT[5] = [9, 5, 7, 4, 6]
array SIZE[5] = [0.5, 0.4, 0.4, 0.75, 0.75]
array SIGMA[3] = [0.03, 0.3, 0.5]
array STROKE[3] = [3, 1, 2]
is(r, s) = strcol(6) eq NAME[r] && column(7) == SIGMA[s] && column(8) == 4
power(t) = (int(t) & (int(t) - 1)) == 0

set multiplot
@LEFT
@CURVES
set label 1 heading('a', 'Survival against steps') at screen 0.010, screen 0.945 font HEAD textcolor rgb INK
set logscale x 2; set xrange [0.9:*]; set yrange [-0.03:1.05]; set ytics 0.2 format '%.1f'; set xtics ('1' 1, '2' 2, '4' 4, '8' 8, '16' 16, '32' 32, '64' 64, '128' 128)
set xlabel 'steps' offset 0,0.4 textcolor rgb INK; set ylabel 'share of inputs all right so far' offset 0.8,0 textcolor rgb INK
set key at graph 0.02,0.03 left bottom @KEY font SMALL
plot for [r=1:3] for [s=1:3] TABLES.'steps.tsv' using 1:(is(r, s) ? column(5) : NaN) with lines lw 1.1 dt STROKE[s] lc rgb HUE[r] notitle, \
     for [r=1:3] for [s=1:3] TABLES.'steps.tsv' using 1:(is(r, s) && power(column(1)) ? column(2) : NaN) with points pt POINT[r] ps SIZE[r] lc rgb HUE[r] notitle, \
     for [r=1:3] keyentry with points pt POINT[r] ps SIZE[r] lc rgb HUE[r] title SHOWN[r], \
     for [s=1:3] keyentry with lines lw 1.1 dt STROKE[s] lc rgb INK title sprintf('{/:Italic σ} = %g', SIGMA[s])

@RIGHT
@CURVES
set label 1 heading('b', 'Survival of the whole chain') at screen 0.515, screen 0.945 font HEAD textcolor rgb INK
set logscale x 10; set xrange [0.002:1.1]; set yrange [-0.03:1.05]; set ytics 0.2 format '%.1f'; set xtics ('0.01' 0.01, '0.1' 0.1, '0.3' 0.3, '1' 1)
set xlabel 'noise {/:Italic σ} on a value of ±1' offset 0,0.4 textcolor rgb INK; set ylabel 'share of inputs all right' offset 0.8,0 textcolor rgb INK
set key at graph 0.02,0.03 left bottom @KEY font SMALL
at(r) = strcol(6) eq NAME[r] && column(8) == 4
plot for [r=1:3] TABLES.'noise.tsv' using (at(r) ? column(7) : NaN):5 with lines lw 1.1 lc rgb HUE[r] notitle, \
     for [r=1:5] TABLES.'noise.tsv' using (at(r) ? column(7) : NaN):2:3:4 with yerrorbars pt POINT[r] ps SIZE[r] lw 0.8 lc rgb HUE[r] notitle, \
     for [r=1:5] keyentry with points pt POINT[r] ps SIZE[r] lc rgb HUE[r] title SHOWN[r]
unset multiplot
