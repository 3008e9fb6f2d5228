# Which wires are right and which are ready: by level and step in one deep circuit, and by layers and steps at one depth.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
load ARG0[1 : strlen(ARG0) - strlen('depth_wavefront.gp')].'style.gp'

stats TABLES.'names.tsv' every ::0::0 using (wave = strcol(1), wave_depth = column(2), wave_layers = column(3), \
  wave_steps = column(4), map = strcol(5), map_depth = column(6), map_layers = column(7), map_steps = column(8), lucky = column(9), 0) nooutput

set multiplot
# ---- (a) the wave front
@LEFT_MAP; @MAP; @LEFT_BOX
set label 1 heading('a', sprintf('%s, %g levels, L = %g', plain(wave), wave_depth, wave_layers)) at screen 0.012, screen 0.945 font HEAD textcolor rgb INK
set xrange [-0.5 : wave_steps + 0.5]; set yrange [-0.5 : wave_depth + 0.5]; set cbrange [0:1]
set xlabel 'step t' offset 0,0.4 textcolor rgb INK; set ylabel 'level of the wire' offset 0.4,0 textcolor rgb INK
set cbtics 0.25 format '%.2f'; set cblabel 'fraction of wires right' offset 0.3,0 textcolor rgb INK
set arrow 1 from 0,0 to wave_depth/wave_layers, wave_depth nohead lw 1.4 lc rgb COLOUR[2] front
set key at graph 0.36,0.03 left bottom @KEY font SMALL
plot TABLES.'wave.tsv' using 1:2:3 with image notitle, \
     TABLES.'front.tsv' using 1:2 with points pt 7 ps 0.75 lc rgb '#ffffff' notitle, \
     TABLES.'front.tsv' using 1:2 with points pt 6 ps 0.75 lw 1.1 lc rgb INK notitle, \
     keyentry with points pt 6 ps 0.75 lw 1.1 lc rgb INK title 'ready up to here', \
     keyentry with lines lw 1.4 lc rgb COLOUR[2] title 'level = L t'

# ---- (b) layers and steps at one depth
@RIGHT_MAP; @MAP; @RIGHT_BOX
set label 1 heading('b', sprintf('%s, %g levels: outputs after T steps', plain(map), map_depth)) at screen 0.525, screen 0.945 font HEAD textcolor rgb INK
set xrange [0.5 : map_layers + 0.5]; set yrange [-0.5 : map_steps + 0.5]; set cbrange [0:1]
set xlabel 'layers of the block L' offset 0,0.4 textcolor rgb INK; set ylabel 'steps T' offset 0.4,0 textcolor rgb INK
xstep = map_layers > 0 ? ceil(map_layers / 8.0) : 1; set xtics xstep
set cbtics 0.25 format '%.2f'; set cblabel 'fraction of outputs ready' offset 0.3,0 textcolor rgb INK
set key at graph 0.22,0.97 left top @KEY font SMALL
# Without a lucky cell there is nothing to draw, and an empty table would be an error.
LUCKY = lucky > 0 ? ", TABLES.'lucky.tsv' using 1:2 with points pt 7 ps 0.45 lc rgb '#ffffff' notitle".\
  ", TABLES.'lucky.tsv' using 1:2 with points pt 6 ps 0.45 lw 0.8 lc rgb INK title 'right, not all ready'" : ""
plot TABLES.'map.tsv' using 1:2:3 with image notitle, \
     TABLES.'boundary.tsv' using 1:2 with lines lw 1.4 lc rgb COLOUR[2] title 'L T = depth' @LUCKY
unset multiplot
